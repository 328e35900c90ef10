/** The keys that do something anywhere on the page. */

/**
 * @typedef {object} Doings
 * @property {() => void} search
 * @property {() => void} newChat
 * @property {() => void} list  Shows the list of shortcuts.
 *
 * @param {HTMLElement} root  Of the client: keys that are pressed in the page around it are not its own.
 * @param {Doings} doings
 */
export function listenForShortcuts(root, doings) {
  document.addEventListener('keydown', (event) => {
    const { target } = event;
    const isOwn = target === document.body || (target instanceof Node && root.contains(target));
    if (!isOwn || event.defaultPrevented || event.isComposing) return;
    const doing = doingOf(event, isTextField(target));
    if (!doing) return;
    event.preventDefault();
    doings[doing]();
  });
}

/**
 * What a key asks for, if anything.
 * @param {Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>} event
 * @param {boolean} isTyping
 * @returns {keyof Doings | null}
 */
export function doingOf({ key, ctrlKey, metaKey, shiftKey, altKey }, isTyping) {
  if (altKey) return null;
  if (!(ctrlKey || metaKey)) return key === '?' && !isTyping ? 'list' : null;
  // On many keyboards the slash needs the shift key.
  if (key === '/') return 'list';
  if (key.toLowerCase() === 'k' && !shiftKey) return 'search';
  if (key.toLowerCase() === 'o' && shiftKey) return 'newChat';
  return null;
}

/** @param {EventTarget | null} target */
function isTextField(target) {
  return target instanceof HTMLElement && target.matches('input, textarea, select');
}
