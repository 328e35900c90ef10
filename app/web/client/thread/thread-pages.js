/** Loads a thread and its items, page by page. */

const PAGE_SIZE = 50;

/**
 * @typedef {import('../protocol/api.js').Api} Api
 * @typedef {import('../protocol/chatkit').ThreadItem} ThreadItem
 *
 * Items in the order of the thread. `after`: where earlier ones begin; null: there are none.
 * @typedef {{items: ThreadItem[], after: string | null}} ItemPage
 */

/**
 * The thread with its newest items: whole pages, until there are at least `atLeast` or no more.
 * @param {Api} api
 * @param {string} threadId
 * @param {number} atLeast
 * @returns {Promise<{thread: import('./thread-state.js').ThreadInfo} & ItemPage>}
 */
export async function fetchThread(api, threadId, atLeast) {
  const [{ items: _, ...thread }, page] = await Promise.all([
    api.call('threads.get_by_id', { thread_id: threadId }), fetchItems(api, threadId, null),
  ]);
  let { items, after } = page;
  while (after && items.length < atLeast) {
    const earlier = await fetchItems(api, threadId, after);
    items = [...earlier.items, ...items];
    after = earlier.after;
  }
  return { thread, items, after };
}

/**
 * @param {Api} api
 * @param {string} threadId
 * @param {string | null} before  An item's id; null: the end of the thread.
 * @returns {Promise<ItemPage>}
 */
export async function fetchItems(api, threadId, before) {
  const page = await api.call('items.list', {
    thread_id: threadId, limit: PAGE_SIZE, order: 'desc', ...(before ? { after: before } : {}),
  });
  return { items: page.data.reverse(), after: (page.has_more && page.after) || null };
}
