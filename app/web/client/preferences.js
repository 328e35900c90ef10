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

export function applyTheme(theme = preference('theme', 'system')) {
  document.documentElement.dataset.theme = theme;
}
