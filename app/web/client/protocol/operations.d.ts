/** What each operation of the protocol takes, and what it answers (chatkit/types.py, `ChatKitReq`). */

import type {
  Attachment,
  Page,
  StructuredInputSubmission,
  SyncCustomActionResponse,
  Thread,
  ThreadItem,
  TranscriptionResult,
  UserMessageInput,
} from './chatkit';

export interface PageParams {
  limit?: number;
  order?: 'asc' | 'desc';
  after?: string;
}

export interface CustomActionParams {
  thread_id: string;
  item_id?: string;
  action: { type: string; payload?: unknown };
}

/** A part of a text. `is_match`: it is what a word of the query has found. */
export interface FoundPiece {
  text: string;
  is_match: boolean;
}

/** A chat that a search has found, as `/v1/chatkit/threads?query=` lists it; times in seconds since 1970. */
export interface FoundThread {
  id: string;
  title: string | null;
  active_at: number;
  match: {
    title: FoundPiece[] | null;
    item: { id: string; type: string; created_at: number; excerpt: FoundPiece[] } | null;
  };
}

/** Operations that are answered with JSON. */
export interface Calls {
  'threads.get_by_id': { params: { thread_id: string }; answer: Thread };
  'threads.list': { params: PageParams; answer: Page<Thread & { active_at: string }> };
  'threads.update': { params: { thread_id: string; title: string }; answer: Thread };
  'threads.delete': { params: { thread_id: string }; answer: object };
  'threads.sync_custom_action': { params: CustomActionParams; answer: SyncCustomActionResponse };
  'items.list': { params: PageParams & { thread_id: string }; answer: Page<ThreadItem> };
  'items.feedback': {
    params: { thread_id: string; item_ids: string[]; kind: 'positive' | 'negative' };
    answer: object;
  };
  'attachments.create': {
    params: { name: string; size: number; mime_type: string };
    answer: Attachment;
  };
  'attachments.delete': { params: { attachment_id: string }; answer: object };
  'input.transcribe': {
    params: { audio_base64: string; mime_type: string };
    answer: TranscriptionResult;
  };
}

/** Operations that are answered with a stream of `ThreadStreamEvent`. */
export interface Streams {
  'threads.create': { input: UserMessageInput };
  'threads.add_user_message': { thread_id: string; input: UserMessageInput };
  'threads.retry_after_item': { thread_id: string; item_id: string };
  'threads.add_client_tool_output': { thread_id: string; result: unknown };
  'threads.add_structured_input': {
    thread_id: string;
    item_id: string;
    input: StructuredInputSubmission;
  };
  'threads.custom_action': CustomActionParams;
}

export type CallType = keyof Calls;
export type StreamType = keyof Streams;
/** One of the streaming operations, with what it takes. */
export type StreamRequest = { [T in StreamType]: { type: T; params: Streams[T] } }[StreamType];
