/** The error page's style. Both schemes keep a contrast of at least 4.5:1 for all text. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f6f5f4; --card: #fff; --line: #e3e0de; --text: #1d1a1a; --soft: #655f5c;
  --accent: #b8182b; --tint: #fdf0f0; --mark: #f9cfd2; --good: #1a7f4b;
  --keyword: #8a2f9c; --string: #22702f; --number: #9a4a00; --comment: #726b67;
  --mono: ui-monospace, "SF Mono", SFMono-Regular, Menlo, "Cascadia Mono", Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #141315; --card: #1c1b1e; --line: #333036; --text: #eceaed; --soft: #a8a2ab;
    --accent: #ff7b81; --tint: #2f1c20; --mark: #6b2730; --good: #5fd49b;
    --keyword: #d3a0f2; --string: #93d8a0; --number: #f0b072; --comment: #918b95;
  }
}
* { box-sizing: border-box; margin: 0; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  background: var(--ground); color: var(--text); border-top: 4px solid var(--accent);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
  min-height: 100vh; overflow-wrap: anywhere;
}
main, footer { max-width: 58rem; margin: 0 auto; padding: 0 clamp(1rem, 4vw, 2.5rem); }
main { padding-top: clamp(1.75rem, 6vw, 3.75rem); }
.summary { color: var(--soft); font-size: .9375rem; }
h1 { font-size: clamp(1.25rem, 1rem + 1.7vw, 1.75rem); line-height: 1.3; font-weight: 650; letter-spacing: -.011em;
  margin: .375rem 0 0; white-space: pre-wrap; }
h1 .title { display: block; margin-bottom: .125rem; color: var(--accent); font: 600 .9375rem/1.5 var(--mono); letter-spacing: 0; }
h1.long { font-size: 1.125rem; font-weight: 550; }
.causes { list-style: none; padding: 0; margin-top: .75rem; color: var(--soft); font-size: .9375rem; }
.causes b { color: var(--text); font-weight: 500; }
.hint { margin-top: 1rem; }
section { margin-top: 1.75rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  overflow: hidden; }
section > h2 { padding: .6875rem 1rem; font: 500 .8125rem/1.5 var(--mono); border-bottom: 1px solid var(--line); }
section > h2:only-child { border-bottom: 0; }
h2 .at { color: var(--soft); font-weight: 400; }
pre { overflow-x: auto; padding: .75rem 0; font: .8125rem/1.7 var(--mono); -webkit-overflow-scrolling: touch; }
pre:focus-visible, summary:focus-visible, button:focus-visible { outline: 2px solid var(--accent);
  outline-offset: -2px; }
pre code { display: block; width: max-content; min-width: 100%; font: inherit; }
.row { display: block; padding-right: 1rem; }
.row::before { content: attr(data-number); display: inline-block; width: 3.5em; padding-right: 1.25em;
  margin-right: .125rem; position: sticky; left: 0; background: var(--card); text-align: right; color: var(--comment); }
.place, .place::before { background: var(--tint); }
.place::before { color: var(--accent); font-weight: 600; box-shadow: inset 3px 0 0 var(--accent); }
mark { background: var(--mark); color: inherit; border-radius: 2px; box-shadow: inset 0 -2px 0 var(--accent); }
.keyword { color: var(--keyword); } .string { color: var(--string); } .number { color: var(--number); }
.comment { color: var(--comment); font-style: italic; }
.calls { list-style: none; padding: .5rem 1rem .625rem; font: .8125rem/1.55 var(--mono); }
.calls li { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1.5rem; padding: .1875rem 0; }
.calls .at, details .calls { color: var(--soft); }
section > h2.plain { font-family: inherit; font-weight: 600; font-size: .875rem; }
details { border-top: 1px solid var(--line); }
section > details:first-child { border-top: 0; }
summary { padding: .625rem 1rem; color: var(--soft); font-size: .875rem; cursor: pointer; }
footer { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem 2rem;
  padding-top: 1.5rem; padding-bottom: 2.5rem; color: var(--soft); font-size: .875rem; }
.status { position: relative; padding-left: 1.125rem; }
.status::before { content: ""; position: absolute; left: 0; top: .45em; width: .5rem; height: .5rem;
  border-radius: 50%; background: var(--accent); animation: pulse 2s ease-in-out infinite; }
.status.mended::before { background: var(--good); animation: none; }
.code { font: .75rem/1.5 var(--mono); }
button { font: 500 .875rem/1 inherit; font-family: inherit; color: var(--card); background: var(--text); border: 0;
  border-radius: 6px; padding: .5rem .75rem; margin-left: .625rem; cursor: pointer; }
@keyframes pulse { 50% { opacity: .3; } }
@media (prefers-reduced-motion: reduce) { .status::before { animation: none; } }
@media (max-width: 36rem) {
  .row::before { width: 2.75em; padding-right: .9em; }
  .calls li { display: block; padding: .3125rem 0; }
  .calls .at { display: block; }
}
@media print { body { border: 0; } .status { display: none; } }
`
