/** What "Try again" repeats of a request that has failed. */

/**
 * The request itself; null: the last question is answered again. The server takes the output of a
 * tool and the answers to questions only once.
 * @param {import('../protocol/operations').StreamRequest} request
 * @param {boolean} isTaken
 */
export function repeated(request, isTaken) {
  if (request.type === 'threads.custom_action') return request;
  const isAnswer = request.type === 'threads.add_client_tool_output' || request.type === 'threads.add_structured_input';
  return isAnswer && !isTaken ? request : null;
}
