/** What this browser remembers: a few choices, and the token of the tab. */

const PREFIX = 'chat.';

/** @param {'strategy' | 'interface' | 'theme'} name */
export function preference(name, fallback) {
  return localStorage.getItem(PREFIX + name) ?? fallback;
}

export function remember(name, value) {
  localStorage.setItem(PREFIX + name, value);
}

/** The bearer token lives as long as the tab. */
export const token = {
  get: () => sessionStorage.getItem(`${PREFIX}token`),
  set: (value) =>
    value ? sessionStorage.setItem(`${PREFIX}token`, value) : sessionStorage.removeItem(`${PREFIX}token`),
};

/** Whether OpenAI's element could not be had: not to be waited for again in this tab. */
export const elementIsOutOfReach = {
  get: () => sessionStorage.getItem(`${PREFIX}element`) === 'out of reach',
  set: (isOut) => sessionStorage.setItem(`${PREFIX}element`, isOut ? 'out of reach' : ''),
};

export function applyTheme(theme = preference('theme', 'system')) {
  document.documentElement.dataset.theme = theme;
}
