/** What the sizes, spaces and colours of ChatKit's widgets mean in CSS. No DOM here. */

/** @typedef {import('../protocol/chatkit').ThemeColor} ThemeColor */

/** One unit of space, as ChatKit counts paddings and gaps (chatkit-python, widgets.py: "spacing unit"). */
const SPACE_REM = 0.25;

/** What a widget may use of CSS: lengths, shares, and words such as `auto`. Never `url()`. */
const LENGTH = /^(?:-?\d*\.?\d+(?:px|r?em|%|ch|v[hw]|cq[wi]|fr)?|auto|none|0|(?:min|max|fit)-content|calc\([\d\s.+*/()%a-z-]+\))$/;
const COLOR = /^(?:#[\da-fA-F]{3,8}|[a-z]+|(?:rgba?|hsla?|oklch|oklab|lab|lch)\([\d\s.,%/a-z-]+\))$/;

/** @type {Record<string, string>} */
const RADII = {
  none: '0', '2xs': '2px', xs: '4px', sm: '6px', md: '8px', lg: '10px', xl: '12px', '2xl': '16px', '3xl': '20px',
  '4xl': '24px', full: '9999px', '100%': '100%',
};

/** @type {Record<string, string>} */
const COLORS = {
  prose: 'var(--ink)', primary: 'var(--ink)', emphasis: 'var(--ink)', secondary: 'var(--muted)',
  tertiary: 'var(--muted)', success: 'var(--success)', warning: 'var(--warning)', danger: 'var(--danger)',
  caution: 'var(--warning)', info: 'var(--info)', discovery: 'var(--discovery)',
  default: 'var(--line)', subtle: 'var(--line)', strong: 'var(--line-strong)',
  surface: 'var(--surface)', 'surface-secondary': 'var(--paper)', 'surface-tertiary': 'var(--tint)',
  'surface-elevated': 'var(--raised)', 'surface-elevated-secondary': 'var(--tint)',
};

/** Hue and chroma (OKLCH) of the names that stand in colours such as `red-100`. @type {Record<string, [number, number]>} */
const HUES = {
  gray: [250, 0.01], red: [27, 0.19], orange: [50, 0.17], yellow: [90, 0.15], green: [150, 0.15], blue: [255, 0.17],
  purple: [300, 0.18], pink: [350, 0.18],
};

/**
 * @param {number | string | undefined} value  A number is pixels.
 * @returns {string | null}  Null: not a length.
 */
export function length(value) {
  if (typeof value === 'number') return `${value}px`;
  if (typeof value !== 'string' || !LENGTH.test(value.trim())) return null;
  return /^-?\d*\.?\d+$/.test(value.trim()) ? `${value.trim()}px` : value.trim();
}

/**
 * @param {number | string | undefined} value  A number is units of space, four to a rem.
 * @returns {string | null}
 */
export function space(value) {
  const units = typeof value === 'string' && /^-?\d*\.?\d+$/.test(value) ? Number(value) : value;
  return typeof units === 'number' ? `${units * SPACE_REM}rem` : length(value);
}

/** @param {string | undefined} token */
export function radius(token) {
  return token !== undefined && Object.hasOwn(RADII, token) ? (RADII[token] ?? null) : null;
}

/**
 * @param {string | ThemeColor | undefined} value  A token, a name such as `red-100`, CSS, or one for each theme.
 * @returns {string | null}
 */
export function color(value) {
  if (value === undefined) return null;
  if (typeof value !== 'string') {
    const [light, dark] = [color(value.light), color(value.dark)];
    return light && dark && `light-dark(${light}, ${dark})`;
  }
  if (Object.hasOwn(COLORS, value)) return COLORS[value] ?? null;
  return primitive(value) ?? (COLOR.test(value) ? value : null);
}

/**
 * The colour of a name with a step from 0 (light) to 1000 (dark), or of a name alone.
 * @param {string} name
 */
function primitive(name) {
  const [, hueName = '', step = '500'] = /^([a-z]+)(?:-(?:alpha-)?(\d+))?$/.exec(name) ?? [];
  const hue = Object.hasOwn(HUES, hueName) ? HUES[hueName] : undefined;
  if (!hue) return null;
  const [angle, chroma] = hue;
  const darkness = Math.min(Number(step), 1000) / 1000;
  // Very light and very dark colours hold little chroma.
  const strength = chroma * Math.min(1, 4 * darkness, 4 * (1.15 - darkness));
  return `oklch(${(0.99 - 0.8 * darkness).toFixed(3)} ${strength.toFixed(3)} ${angle})`;
}

/**
 * Values for the four edges, from a value for all of them or one for each.
 * @template T
 * @param {T | {top?: T, right?: T, bottom?: T, left?: T, x?: T, y?: T} | undefined} value
 * @param {(value: unknown) => boolean} isSingle  Whether it is one value for all edges.
 * @returns {Partial<Record<'top' | 'right' | 'bottom' | 'left', T>>}
 */
export function edges(value, isSingle) {
  if (value === undefined || value === null) return {};
  if (isSingle(value)) {
    const all = /** @type {T} */ (value);
    return { top: all, right: all, bottom: all, left: all };
  }
  const { x, y, top = y, bottom = y, left = x, right = x } =
    /** @type {{top?: T, right?: T, bottom?: T, left?: T, x?: T, y?: T}} */ (value);
  return Object.fromEntries(
    Object.entries({ top, right, bottom, left }).filter(([, edge]) => edge !== undefined),
  );
}
