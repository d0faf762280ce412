/** More workers than this are a typing error rather than a wish. */
export const MOST_WORKERS = 512
