/** What answers to questions are as the protocol takes them. No DOM here. */

/** @typedef {import('../protocol/chatkit').StructuredInputSubmission} Submission */

/**
 * @param {Record<string, string[]>} written  By the question's id: what was chosen and written.
 * @returns {Submission}  Skipped, where no question has an answer.
 */
export function submissionOf(written) {
  const answers = Object.entries(written).map(([id, texts]) => {
    const values = texts.map((text) => text.trim()).filter(Boolean);
    return /** @type {const} */ ([id, { values, skipped: values.length === 0 }]);
  });
  const isSkipped = answers.every(([, { skipped }]) => skipped);
  return { status: isSkipped ? 'skipped' : 'answered', answers: Object.fromEntries(answers) };
}
