/** Tells screen readers what changed, once it has changed: never piece by piece. */

/** @type {HTMLElement | null} */
let region = null;

/** @param {HTMLElement} parent */
export function mountAnnouncer(parent) {
  region = document.createElement('div');
  region.className = 'visually-hidden';
  region.setAttribute('role', 'status');
  region.setAttribute('aria-live', 'polite');
  parent.append(region);
}

/** @param {string} text */
export function announce(text) {
  if (!region) return;
  const line = document.createElement('p');
  line.textContent = text.length > 600 ? `${text.slice(0, 600)}…` : text;
  region.replaceChildren(line);
}
