/** What this browser remembers: a few choices, and the token of the tab. */

const PREFIX = 'chat.';

/** @typedef {'strategy' | 'interface' | 'theme'} PreferenceName */

/**
 * @param {PreferenceName} name
 * @param {string} fallback
 */
export function preference(name, fallback) {
  return localStorage.getItem(PREFIX + name) ?? fallback;
}

/**
 * @param {PreferenceName} name
 * @param {string} value
 */
export function remember(name, value) {
  localStorage.setItem(PREFIX + name, value);
}

/**
 * The strategy that was chosen on a demo, else the server's.
 * @param {import('../page-config.js').PageConfig} config
 */
export function uploadStrategy({ uploads, isDemo }) {
  const chosen = isDemo ? preference('strategy', uploads.strategy) : uploads.strategy;
  return chosen === 'direct' ? 'direct' : 'two_phase';
}

/** The bearer token lives as long as the tab. */
export const token = {
  get: () => sessionStorage.getItem(`${PREFIX}token`),
  /** @param {string} value */
  set: (value) =>
    value ? sessionStorage.setItem(`${PREFIX}token`, value) : sessionStorage.removeItem(`${PREFIX}token`),
};

/** Whether OpenAI's element could not be had: not to be waited for again in this tab. */
export const elementIsOutOfReach = {
  get: () => sessionStorage.getItem(`${PREFIX}element`) === 'out of reach',
  /** @param {boolean} isOut */
  set: (isOut) => sessionStorage.setItem(`${PREFIX}element`, isOut ? 'out of reach' : ''),
};

export function applyTheme(theme = preference('theme', 'system')) {
  document.documentElement.dataset.theme = theme;
}

/** Whether the page is dark, by the person's choice or else by the system's. */
export function isDark() {
  const theme = preference('theme', 'system');
  return theme === 'dark' || (theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
}
