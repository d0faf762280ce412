/** The header of a request by which an open page asks whether it still holds. */
export const POLL_HEADER = 'x-prefork-poll'
/** The header of every answer of the page's app: which failure it is about. */
export const FAILURE_HEADER = 'x-prefork-failure'

/**
 * The error page's script: asks its own address until the answer is another one, and loads that.
 *
 * A proxy may take the header away, or answer HEAD by itself, and then the page would load itself for ever: so it asks
 * ever more seldom when what it has loaded was this failure again.
 */
export const SCRIPT: string = `
(() => {
  const { failure, method } = document.documentElement.dataset
  const status = document.getElementById('status')
  const EVERY_MS = 500, LONGEST_MS = 30000, PATIENCE_MS = 60000
  const KEY = 'prefork-error-page'
  let timer = null, isAsking = false, isOver = false

  function inVain() {
    try {
      const [known, count] = (sessionStorage.getItem(KEY) || '').split(' ')
      return known === failure ? Number(count) : 0
    } catch { return 0 }
  }
  function remember(count) {
    try { sessionStorage.setItem(KEY, failure + ' ' + count) } catch {}
  }
  function say(text) {
    if (status.textContent !== text) status.textContent = text
  }
  function plan() {
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(ask, Math.min(LONGEST_MS, EVERY_MS * 2 ** inVain()))
  }
  async function ask() {
    timer = null
    if (document.hidden || isAsking || isOver) return
    isAsking = true
    try {
      const answer = await fetch(location.href, {
        method: 'HEAD', cache: 'no-store', redirect: 'manual', credentials: 'same-origin',
        headers: { '${POLL_HEADER}': failure, accept: 'text/html' }, signal: AbortSignal.timeout(PATIENCE_MS),
      })
      const told = answer.headers.get('${FAILURE_HEADER}')
      if (told === failure) say('Waiting for a change. This page reloads by itself.')
      else if (told === null && (answer.status === 502 || answer.status === 504)) say('The server is away. Trying again.')
      else return renew()
    } catch {
      say('The server is away. Trying again.')
    } finally {
      isAsking = false
    }
    plan()
  }
  function renew() {
    isOver = true
    status.classList.add('mended')
    if (method === 'GET') {
      remember(inVain() + 1)
      say('Changed. Reloading.')
      location.reload()
      return
    }
    // What a form has sent is not sent again unasked; going back finds the form as it was filled in.
    say('Changed.')
    const button = document.createElement('button')
    button.textContent = 'Go back and try again'
    button.addEventListener('click', () => history.back())
    status.append(button)
  }
  // On a small screen the place may be far to the right.
  const mark = document.querySelector('mark')
  const frame = mark && mark.closest('pre')
  if (frame && mark.offsetLeft + mark.offsetWidth > frame.clientWidth) frame.scrollLeft = mark.offsetLeft - frame.clientWidth / 2
  document.addEventListener('visibilitychange', () => { if (!document.hidden && timer === null) ask() })
  addEventListener('pageshow', (event) => { if (event.persisted) location.reload() })
  plan()
})()
`
