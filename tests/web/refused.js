/** Proof that the check has teeth: what old guides show must not pass it. */

import { chatKitOptions } from '../../app/web/chatkit-options.js';

/** @type {import('@openai/chatkit').ChatKitOptions} */
export const strategyUnderComposer = {
  api: { url: '/chatkit', domainKey: '' },
  // @ts-expect-error `uploadStrategy` belongs under `api`.
  composer: { attachments: { enabled: true, uploadStrategy: { type: 'two_phase' } } },
};

/** @type {import('@openai/chatkit').FileUploadStrategy} */
// @ts-expect-error There is no "hosted" strategy.
export const hostedStrategy = { type: 'hosted' };

/** @type {(parts: Parameters<typeof chatKitOptions>[0]) => import('@openai/chatkit').ChatKitOptions} */
export const accepted = chatKitOptions;
