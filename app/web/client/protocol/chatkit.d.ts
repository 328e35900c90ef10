/**
 * What the ChatKit protocol sends and takes. Made from the Python SDK's types, never edited:
 * `python -m tools.protocol_types`.
 */

export interface Page<T> {
  data: T[];
  has_more: boolean;
  after?: string;
}

export type ThreadStreamEvent =
  | ThreadCreatedEvent
  | ThreadUpdatedEvent
  | ThreadItemDoneEvent
  | ThreadItemAddedEvent
  | ThreadItemUpdatedEvent
  | ThreadItemRemovedEvent
  | ThreadItemReplacedEvent
  | StreamOptionsEvent
  | ProgressUpdateEvent
  | ClientEffectEvent
  | ErrorEvent
  | NoticeEvent;

export type ThreadItemUpdate =
  | AssistantMessageContentPartAdded
  | AssistantMessageContentPartTextDelta
  | AssistantMessageContentPartAnnotationAdded
  | AssistantMessageContentPartDone
  | WidgetStreamingTextValueDelta
  | WidgetComponentUpdated
  | WidgetRootUpdated
  | WorkflowTaskAdded
  | WorkflowTaskUpdated
  | GeneratedImageUpdated;

export type ThreadItem =
  | UserMessageItem
  | AssistantMessageItem
  | ClientToolCallItem
  | WidgetItem
  | GeneratedImageItem
  | StructuredInputItem
  | WorkflowItem
  | TaskItem
  | HiddenContextItem
  | SDKHiddenContextItem
  | EndOfTurnItem;

export type Attachment =
  | FileAttachment
  | ImageAttachment;

export type ThreadStatus =
  | ActiveStatus
  | LockedStatus
  | ClosedStatus;

export type UserMessageContent =
  | UserMessageTextContent
  | UserMessageTagContent;

export type StructuredInput =
  | StructuredInputMultipleChoice
  | StructuredInputFreeform;

export type Task =
  | CustomTask
  | SearchTask
  | ThoughtTask
  | FileTask
  | ImageTask;

export type Source =
  | URLSource
  | FileSource
  | EntitySource;

export type WidgetComponent =
  | Text
  | Title
  | Caption
  | Chart
  | Badge
  | Markdown
  | Box
  | Row
  | Col
  | Divider
  | Icon
  | Image
  | ListViewItem
  | Button
  | Checkbox
  | Spacer
  | Select
  | DatePicker
  | Form
  | Input
  | Label
  | RadioGroup
  | Textarea
  | Transition;

export type WidgetRoot =
  | Card
  | ListView
  | BasicRoot;

export type Series =
  | BarSeries
  | AreaSeries
  | LineSeries;

export type IconName =
  | "agent"
  | "analytics"
  | "atom"
  | "batch"
  | "bolt"
  | "book-open"
  | "book-closed"
  | "book-clock"
  | "bug"
  | "calendar"
  | "chart"
  | "check"
  | "check-circle"
  | "check-circle-filled"
  | "chevron-left"
  | "chevron-right"
  | "circle-question"
  | "clock"
  | "compass"
  | "confetti"
  | "cube"
  | "desktop"
  | "document"
  | "dot"
  | "dots-horizontal"
  | "dots-vertical"
  | "empty-circle"
  | "external-link"
  | "globe"
  | "keys"
  | "lab"
  | "images"
  | "info"
  | "lifesaver"
  | "lightbulb"
  | "mail"
  | "map-pin"
  | "maps"
  | "mobile"
  | "name"
  | "notebook"
  | "notebook-pencil"
  | "page-blank"
  | "phone"
  | "play"
  | "plus"
  | "profile"
  | "profile-card"
  | "reload"
  | "star"
  | "star-filled"
  | "search"
  | "sparkle"
  | "sparkle-double"
  | "square-code"
  | "square-image"
  | "square-text"
  | "suitcase"
  | "settings-slider"
  | "user"
  | "wreath"
  | "write"
  | "write-alt"
  | "write-alt2"
  | string;

export interface ActionConfig {
  type: string;
  payload?: unknown;
  handler: "client" | "server";
  loadingBehavior: "auto" | "none" | "self" | "container";
  streaming: boolean;
}

export interface ActiveStatus {
  type: "active";
}

export interface Annotation {
  type: "annotation";
  source: Source;
  index?: number;
}

export interface AreaSeries {
  type: "area";
  label?: string;
  dataKey: string;
  stack?: string;
  color?: string | ThemeColor;
  curveType?: "basis" | "basisClosed" | "basisOpen" | "bumpX" | "bumpY" | "bump" | "linear" | "linearClosed" | "natural" | "monotoneX" | "monotoneY" | "monotone" | "step" | "stepBefore" | "stepAfter";
}

export interface AssistantMessageContent {
  annotations: Annotation[];
  text: string;
  type: "output_text";
}

export interface AssistantMessageContentPartAdded {
  type: "assistant_message.content_part.added";
  content_index: number;
  content: AssistantMessageContent;
}

export interface AssistantMessageContentPartAnnotationAdded {
  type: "assistant_message.content_part.annotation_added";
  content_index: number;
  annotation_index: number;
  annotation: Annotation;
}

export interface AssistantMessageContentPartDone {
  type: "assistant_message.content_part.done";
  content_index: number;
  content: AssistantMessageContent;
}

export interface AssistantMessageContentPartTextDelta {
  type: "assistant_message.content_part.text_delta";
  content_index: number;
  delta: string;
}

export interface AssistantMessageItem {
  id: string;
  thread_id: string;
  created_at: string;
  type: "assistant_message";
  content: AssistantMessageContent[];
}

export interface AttachmentUploadDescriptor {
  url: string;
  method: "POST" | "PUT";
  headers: Record<string, string>;
}

export interface Badge {
  key?: string;
  id?: string;
  type: "Badge";
  label: string;
  color?: "secondary" | "success" | "danger" | "warning" | "info" | "discovery";
  variant?: "solid" | "soft" | "outline";
  size?: "sm" | "md" | "lg";
  pill?: boolean;
}

export interface BarSeries {
  type: "bar";
  label?: string;
  dataKey: string;
  stack?: string;
  color?: string | ThemeColor;
}

export interface BasicRoot {
  key?: string;
  id?: string;
  type: "Basic";
  children?: WidgetComponent[];
}

export interface Border {
  size: number;
  color?: string | ThemeColor;
  style?: "solid" | "dashed" | "dotted" | "double" | "groove" | "ridge" | "inset" | "outset";
}

export interface Borders {
  top?: number | Border;
  right?: number | Border;
  bottom?: number | Border;
  left?: number | Border;
  x?: number | Border;
  y?: number | Border;
}

export interface Box {
  children?: WidgetComponent[];
  align?: "start" | "center" | "end" | "baseline" | "stretch";
  justify?: "start" | "center" | "end" | "between" | "around" | "evenly" | "stretch";
  wrap?: "nowrap" | "wrap" | "wrap-reverse";
  flex?: number | string;
  gap?: number | string;
  height?: number | string;
  width?: number | string;
  size?: number | string;
  minHeight?: number | string;
  minWidth?: number | string;
  minSize?: number | string;
  maxHeight?: number | string;
  maxWidth?: number | string;
  maxSize?: number | string;
  padding?: number | string | Spacing;
  margin?: number | string | Spacing;
  border?: number | Border | Borders;
  radius?: "2xs" | "xs" | "sm" | "md" | "lg" | "xl" | "2xl" | "3xl" | "4xl" | "full" | "100%" | "none";
  background?: string | ThemeColor;
  aspectRatio?: number | string;
  key?: string;
  id?: string;
  type: "Box";
  direction?: "row" | "col";
}

export interface Button {
  key?: string;
  id?: string;
  type: "Button";
  submit?: boolean;
  label?: string;
  onClickAction?: ActionConfig;
  iconStart?: IconName;
  iconEnd?: IconName;
  style?: "primary" | "secondary";
  iconSize?: "sm" | "md" | "lg" | "xl" | "2xl";
  color?: "primary" | "secondary" | "info" | "discovery" | "success" | "caution" | "warning" | "danger";
  variant?: "solid" | "soft" | "outline" | "ghost";
  size?: "3xs" | "2xs" | "xs" | "sm" | "md" | "lg" | "xl" | "2xl" | "3xl";
  pill?: boolean;
  uniform?: boolean;
  block?: boolean;
  disabled?: boolean;
}

export interface Caption {
  key?: string;
  id?: string;
  type: "Caption";
  value: string;
  color?: string | ThemeColor;
  weight?: "normal" | "medium" | "semibold" | "bold";
  size?: "sm" | "md" | "lg";
  textAlign?: "start" | "center" | "end";
  truncate?: boolean;
  maxLines?: number;
}

export interface Card {
  key?: string;
  id?: string;
  type: "Card";
  asForm?: boolean;
  children: WidgetComponent[];
  background?: string | ThemeColor;
  size?: "sm" | "md" | "lg" | "full";
  padding?: number | string | Spacing;
  status?: WidgetStatusWithFavicon | WidgetStatusWithIcon;
  collapsed?: boolean;
  confirm?: CardAction;
  cancel?: CardAction;
  theme?: "light" | "dark";
}

export interface CardAction {
  label: string;
  action: ActionConfig;
}

export interface Chart {
  key?: string;
  id?: string;
  type: "Chart";
  data: (Record<string, string | number>)[];
  series: Series[];
  xAxis: string | XAxisConfig;
  showYAxis?: boolean;
  showLegend?: boolean;
  showTooltip?: boolean;
  barGap?: number;
  barCategoryGap?: number;
  flex?: number | string;
  height?: number | string;
  width?: number | string;
  size?: number | string;
  minHeight?: number | string;
  minWidth?: number | string;
  minSize?: number | string;
  maxHeight?: number | string;
  maxWidth?: number | string;
  maxSize?: number | string;
  aspectRatio?: number | string;
}

export interface Checkbox {
  key?: string;
  id?: string;
  type: "Checkbox";
  name: string;
  label?: string;
  defaultChecked?: boolean;
  onChangeAction?: ActionConfig;
  disabled?: boolean;
  required?: boolean;
}

export interface ClientEffectEvent {
  type: "client_effect";
  name: string;
  data: Record<string, unknown>;
}

export interface ClientToolCallItem {
  id: string;
  thread_id: string;
  created_at: string;
  type: "client_tool_call";
  status: "pending" | "completed";
  call_id: string;
  name: string;
  arguments: Record<string, unknown>;
  output?: unknown;
}

export interface ClosedStatus {
  type: "closed";
  reason?: string;
}

export interface Col {
  children?: WidgetComponent[];
  align?: "start" | "center" | "end" | "baseline" | "stretch";
  justify?: "start" | "center" | "end" | "between" | "around" | "evenly" | "stretch";
  wrap?: "nowrap" | "wrap" | "wrap-reverse";
  flex?: number | string;
  gap?: number | string;
  height?: number | string;
  width?: number | string;
  size?: number | string;
  minHeight?: number | string;
  minWidth?: number | string;
  minSize?: number | string;
  maxHeight?: number | string;
  maxWidth?: number | string;
  maxSize?: number | string;
  padding?: number | string | Spacing;
  margin?: number | string | Spacing;
  border?: number | Border | Borders;
  radius?: "2xs" | "xs" | "sm" | "md" | "lg" | "xl" | "2xl" | "3xl" | "4xl" | "full" | "100%" | "none";
  background?: string | ThemeColor;
  aspectRatio?: number | string;
  key?: string;
  id?: string;
  type: "Col";
}

export interface CustomSummary {
  title: string;
  icon?: IconName;
}

export interface CustomTask {
  status_indicator: "none" | "loading" | "complete";
  type: "custom";
  title?: string;
  icon?: IconName;
  content?: string;
}

export interface DatePicker {
  key?: string;
  id?: string;
  type: "DatePicker";
  name: string;
  onChangeAction?: ActionConfig;
  placeholder?: string;
  defaultValue?: string;
  min?: string;
  max?: string;
  variant?: "solid" | "soft" | "outline" | "ghost";
  size?: "3xs" | "2xs" | "xs" | "sm" | "md" | "lg" | "xl" | "2xl" | "3xl";
  side?: "top" | "bottom" | "left" | "right";
  align?: "start" | "center" | "end";
  pill?: boolean;
  block?: boolean;
  clearable?: boolean;
  disabled?: boolean;
}

export interface Divider {
  key?: string;
  id?: string;
  type: "Divider";
  color?: string | ThemeColor;
  size?: number | string;
  spacing?: number | string;
  flush?: boolean;
}

export interface DurationSummary {
  duration: number;
}

export interface EditableProps {
  name: string;
  autoFocus?: boolean;
  autoSelect?: boolean;
  autoComplete?: string;
  allowAutofillExtensions?: boolean;
  pattern?: string;
  placeholder?: string;
  required?: boolean;
}

export interface EndOfTurnItem {
  id: string;
  thread_id: string;
  created_at: string;
  type: "end_of_turn";
}

export interface EntitySource {
  title: string;
  description?: string;
  timestamp?: string;
  group?: string;
  type: "entity";
  id: string;
  icon?: IconName;
  label?: string;
  inline_label?: string;
  interactive: boolean;
  data: Record<string, unknown>;
  preview?: "lazy";
}

export type ErrorCode = "stream.error";

export interface ErrorEvent {
  type: "error";
  code: ErrorCode | "custom";
  message?: string;
  allow_retry: boolean;
}

export interface FileAttachment {
  id: string;
  name: string;
  mime_type: string;
  upload_descriptor?: AttachmentUploadDescriptor;
  thread_id?: string;
  metadata?: Record<string, unknown>;
  type: "file";
}

export interface FileSource {
  title: string;
  description?: string;
  timestamp?: string;
  group?: string;
  type: "file";
  filename: string;
}

export interface FileTask {
  status_indicator: "none" | "loading" | "complete";
  type: "file";
  title?: string;
  sources: FileSource[];
}

export interface Form {
  children?: WidgetComponent[];
  align?: "start" | "center" | "end" | "baseline" | "stretch";
  justify?: "start" | "center" | "end" | "between" | "around" | "evenly" | "stretch";
  wrap?: "nowrap" | "wrap" | "wrap-reverse";
  flex?: number | string;
  gap?: number | string;
  height?: number | string;
  width?: number | string;
  size?: number | string;
  minHeight?: number | string;
  minWidth?: number | string;
  minSize?: number | string;
  maxHeight?: number | string;
  maxWidth?: number | string;
  maxSize?: number | string;
  padding?: number | string | Spacing;
  margin?: number | string | Spacing;
  border?: number | Border | Borders;
  radius?: "2xs" | "xs" | "sm" | "md" | "lg" | "xl" | "2xl" | "3xl" | "4xl" | "full" | "100%" | "none";
  background?: string | ThemeColor;
  aspectRatio?: number | string;
  key?: string;
  id?: string;
  type: "Form";
  onSubmitAction?: ActionConfig;
  direction?: "row" | "col";
}

export interface GeneratedImage {
  id: string;
  url: string;
}

export interface GeneratedImageItem {
  id: string;
  thread_id: string;
  created_at: string;
  type: "generated_image";
  image?: GeneratedImage;
}

export interface GeneratedImageUpdated {
  type: "generated_image.updated";
  image: GeneratedImage;
  progress?: number;
}

export interface HiddenContextItem {
  id: string;
  thread_id: string;
  created_at: string;
  type: "hidden_context_item";
  content?: unknown;
}

export interface Icon {
  key?: string;
  id?: string;
  type: "Icon";
  name: IconName;
  color?: string | ThemeColor;
  size?: "xs" | "sm" | "md" | "lg" | "xl" | "2xl" | "3xl";
}

export interface Image {
  key?: string;
  id?: string;
  type: "Image";
  src: string;
  alt?: string;
  fit?: "cover" | "contain" | "fill" | "scale-down" | "none";
  position?: "top left" | "top" | "top right" | "left" | "center" | "right" | "bottom left" | "bottom" | "bottom right";
  radius?: "2xs" | "xs" | "sm" | "md" | "lg" | "xl" | "2xl" | "3xl" | "4xl" | "full" | "100%" | "none";
  frame?: boolean;
  flush?: boolean;
  height?: number | string;
  width?: number | string;
  size?: number | string;
  minHeight?: number | string;
  minWidth?: number | string;
  minSize?: number | string;
  maxHeight?: number | string;
  maxWidth?: number | string;
  maxSize?: number | string;
  margin?: number | string | Spacing;
  background?: string | ThemeColor;
  aspectRatio?: number | string;
  flex?: number | string;
}

export interface ImageAttachment {
  id: string;
  name: string;
  mime_type: string;
  upload_descriptor?: AttachmentUploadDescriptor;
  thread_id?: string;
  metadata?: Record<string, unknown>;
  type: "image";
  preview_url: string;
}

export interface ImageTask {
  status_indicator: "none" | "loading" | "complete";
  type: "image";
  title?: string;
}

export interface InferenceOptions {
  tool_choice?: ToolChoice;
  model?: string;
}

export interface Input {
  key?: string;
  id?: string;
  type: "Input";
  name: string;
  inputType?: "number" | "email" | "text" | "password" | "tel" | "url";
  defaultValue?: string;
  required?: boolean;
  pattern?: string;
  placeholder?: string;
  allowAutofillExtensions?: boolean;
  autoSelect?: boolean;
  autoFocus?: boolean;
  disabled?: boolean;
  variant?: "soft" | "outline";
  size?: "3xs" | "2xs" | "xs" | "sm" | "md" | "lg" | "xl" | "2xl" | "3xl";
  gutterSize?: "2xs" | "xs" | "sm" | "md" | "lg" | "xl";
  pill?: boolean;
}

export interface Label {
  key?: string;
  id?: string;
  type: "Label";
  value: string;
  fieldName: string;
  size?: "xs" | "sm" | "md" | "lg" | "xl";
  weight?: "normal" | "medium" | "semibold" | "bold";
  textAlign?: "start" | "center" | "end";
  color?: string | ThemeColor;
}

export interface LineSeries {
  type: "line";
  label?: string;
  dataKey: string;
  color?: string | ThemeColor;
  curveType?: "basis" | "basisClosed" | "basisOpen" | "bumpX" | "bumpY" | "bump" | "linear" | "linearClosed" | "natural" | "monotoneX" | "monotoneY" | "monotone" | "step" | "stepBefore" | "stepAfter";
}

export interface ListView {
  key?: string;
  id?: string;
  type: "ListView";
  children: ListViewItem[];
  limit?: number | "auto";
  status?: WidgetStatusWithFavicon | WidgetStatusWithIcon;
  theme?: "light" | "dark";
}

export interface ListViewItem {
  key?: string;
  id?: string;
  type: "ListViewItem";
  children: WidgetComponent[];
  onClickAction?: ActionConfig;
  gap?: number | string;
  align?: "start" | "center" | "end" | "baseline" | "stretch";
}

export interface LockedStatus {
  type: "locked";
  reason?: string;
}

export interface Markdown {
  key?: string;
  id?: string;
  type: "Markdown";
  value: string;
  streaming?: boolean;
}

export interface NoticeEvent {
  type: "notice";
  level: "info" | "warning" | "danger";
  message: string;
  title?: string;
}

export interface ProgressUpdateEvent {
  type: "progress_update";
  icon?: IconName;
  text: string;
}

export interface RadioGroup {
  key?: string;
  id?: string;
  type: "RadioGroup";
  name: string;
  options?: RadioOption[];
  ariaLabel?: string;
  onChangeAction?: ActionConfig;
  defaultValue?: string;
  direction?: "row" | "col";
  disabled?: boolean;
  required?: boolean;
}

export interface RadioOption {
  label: string;
  value: string;
  disabled?: boolean;
}

export interface Row {
  children?: WidgetComponent[];
  align?: "start" | "center" | "end" | "baseline" | "stretch";
  justify?: "start" | "center" | "end" | "between" | "around" | "evenly" | "stretch";
  wrap?: "nowrap" | "wrap" | "wrap-reverse";
  flex?: number | string;
  gap?: number | string;
  height?: number | string;
  width?: number | string;
  size?: number | string;
  minHeight?: number | string;
  minWidth?: number | string;
  minSize?: number | string;
  maxHeight?: number | string;
  maxWidth?: number | string;
  maxSize?: number | string;
  padding?: number | string | Spacing;
  margin?: number | string | Spacing;
  border?: number | Border | Borders;
  radius?: "2xs" | "xs" | "sm" | "md" | "lg" | "xl" | "2xl" | "3xl" | "4xl" | "full" | "100%" | "none";
  background?: string | ThemeColor;
  aspectRatio?: number | string;
  key?: string;
  id?: string;
  type: "Row";
}

export interface SDKHiddenContextItem {
  id: string;
  thread_id: string;
  created_at: string;
  type: "sdk_hidden_context";
  content: string;
}

export interface SearchTask {
  status_indicator: "none" | "loading" | "complete";
  type: "web_search";
  title?: string;
  title_query?: string;
  queries: string[];
  sources: URLSource[];
}

export interface Select {
  key?: string;
  id?: string;
  type: "Select";
  name: string;
  options: SelectOption[];
  onChangeAction?: ActionConfig;
  placeholder?: string;
  defaultValue?: string;
  variant?: "solid" | "soft" | "outline" | "ghost";
  size?: "3xs" | "2xs" | "xs" | "sm" | "md" | "lg" | "xl" | "2xl" | "3xl";
  pill?: boolean;
  block?: boolean;
  clearable?: boolean;
  disabled?: boolean;
  searchable?: boolean;
}

export interface SelectOption {
  value: string;
  label: string;
  disabled?: boolean;
  description?: string;
}

export interface Spacer {
  key?: string;
  id?: string;
  type: "Spacer";
  minSize?: number | string;
}

export interface Spacing {
  top?: number | string;
  right?: number | string;
  bottom?: number | string;
  left?: number | string;
  x?: number | string;
  y?: number | string;
}

export interface StreamOptions {
  allow_cancel: boolean;
}

export interface StreamOptionsEvent {
  type: "stream_options";
  stream_options: StreamOptions;
}

export interface StructuredInputAnswer {
  values: string[];
  skipped: boolean;
}

export interface StructuredInputAnswerSubmission {
  values: string[];
  skipped: boolean;
}

export interface StructuredInputFreeform {
  id: string;
  question: string;
  answer?: StructuredInputAnswer;
  type: "freeform";
  description?: string;
}

export interface StructuredInputItem {
  id: string;
  thread_id: string;
  created_at: string;
  type: "structured_input";
  status: "pending" | "answered" | "skipped";
  inputs: StructuredInput[];
}

export interface StructuredInputMultipleChoice {
  id: string;
  question: string;
  answer?: StructuredInputAnswer;
  type: "multiple_choice";
  options: StructuredInputMultipleChoiceOption[];
  multiple: boolean;
}

export interface StructuredInputMultipleChoiceOption {
  value: string;
}

export interface StructuredInputSubmission {
  status: "answered" | "skipped";
  answers: Record<string, StructuredInputAnswerSubmission>;
}

export interface SyncCustomActionResponse {
  updated_item?: ThreadItem;
}

export interface TaskItem {
  id: string;
  thread_id: string;
  created_at: string;
  type: "task";
  task: Task;
}

export interface Text {
  key?: string;
  id?: string;
  type: "Text";
  value: string;
  streaming?: boolean;
  italic?: boolean;
  lineThrough?: boolean;
  color?: string | ThemeColor;
  weight?: "normal" | "medium" | "semibold" | "bold";
  width?: number | string;
  size?: "xs" | "sm" | "md" | "lg" | "xl";
  textAlign?: "start" | "center" | "end";
  truncate?: boolean;
  minLines?: number;
  maxLines?: number;
  editable?: false | EditableProps;
}

export interface Textarea {
  key?: string;
  id?: string;
  type: "Textarea";
  name: string;
  defaultValue?: string;
  required?: boolean;
  pattern?: string;
  placeholder?: string;
  autoSelect?: boolean;
  autoFocus?: boolean;
  disabled?: boolean;
  variant?: "soft" | "outline";
  size?: "3xs" | "2xs" | "xs" | "sm" | "md" | "lg" | "xl" | "2xl" | "3xl";
  gutterSize?: "2xs" | "xs" | "sm" | "md" | "lg" | "xl";
  rows?: number;
  autoResize?: boolean;
  maxRows?: number;
  allowAutofillExtensions?: boolean;
}

export interface ThemeColor {
  dark: string;
  light: string;
}

export interface ThoughtTask {
  status_indicator: "none" | "loading" | "complete";
  type: "thought";
  title?: string;
  content: string;
}

export interface Thread {
  title?: string;
  id: string;
  created_at: string;
  status: ThreadStatus;
  allowed_image_domains?: string[];
  metadata: Record<string, unknown>;
  items: Page<ThreadItem>;
}

export interface ThreadCreatedEvent {
  type: "thread.created";
  thread: Thread;
}

export interface ThreadItemAddedEvent {
  type: "thread.item.added";
  item: ThreadItem;
}

export interface ThreadItemDoneEvent {
  type: "thread.item.done";
  item: ThreadItem;
}

export interface ThreadItemRemovedEvent {
  type: "thread.item.removed";
  item_id: string;
}

export interface ThreadItemReplacedEvent {
  type: "thread.item.replaced";
  item: ThreadItem;
}

export interface ThreadItemUpdatedEvent {
  type: "thread.item.updated";
  item_id: string;
  update: ThreadItemUpdate;
}

export interface ThreadUpdatedEvent {
  type: "thread.updated";
  thread: Thread;
}

export interface Title {
  key?: string;
  id?: string;
  type: "Title";
  value: string;
  color?: string | ThemeColor;
  weight?: "normal" | "medium" | "semibold" | "bold";
  size?: "sm" | "md" | "lg" | "xl" | "2xl" | "3xl" | "4xl" | "5xl";
  textAlign?: "start" | "center" | "end";
  truncate?: boolean;
  maxLines?: number;
}

export interface ToolChoice {
  id: string;
}

export interface TranscriptionResult {
  text: string;
}

export interface Transition {
  key?: string;
  id?: string;
  type: "Transition";
  children?: WidgetComponent;
}

export interface URLSource {
  title: string;
  description?: string;
  timestamp?: string;
  group?: string;
  type: "url";
  url: string;
  attribution?: string;
}

export interface UserMessageInput {
  content: UserMessageContent[];
  attachments: string[];
  quoted_text?: string;
  inference_options: InferenceOptions;
}

export interface UserMessageItem {
  id: string;
  thread_id: string;
  created_at: string;
  type: "user_message";
  content: UserMessageContent[];
  attachments: Attachment[];
  quoted_text?: string;
  inference_options: InferenceOptions;
}

export interface UserMessageTagContent {
  type: "input_tag";
  id: string;
  text: string;
  data: Record<string, unknown>;
  group?: string;
  interactive: boolean;
}

export interface UserMessageTextContent {
  type: "input_text";
  text: string;
}

export interface WidgetComponentUpdated {
  type: "widget.component.updated";
  component_id: string;
  component: WidgetComponent;
}

export interface WidgetItem {
  id: string;
  thread_id: string;
  created_at: string;
  type: "widget";
  widget: WidgetRoot;
  copy_text?: string;
}

export interface WidgetRootUpdated {
  type: "widget.root.updated";
  widget: WidgetRoot;
}

export interface WidgetStatusWithFavicon {
  text: string;
  favicon?: string;
  frame?: boolean;
}

export interface WidgetStatusWithIcon {
  text: string;
  icon?: IconName;
}

export interface WidgetStreamingTextValueDelta {
  type: "widget.streaming_text.value_delta";
  component_id: string;
  delta: string;
  done: boolean;
}

export interface Workflow {
  type: "custom" | "reasoning";
  tasks: Task[];
  summary?: CustomSummary | DurationSummary;
  expanded: boolean;
}

export interface WorkflowItem {
  id: string;
  thread_id: string;
  created_at: string;
  type: "workflow";
  workflow: Workflow;
}

export interface WorkflowTaskAdded {
  type: "workflow.task.added";
  task_index: number;
  task: Task;
}

export interface WorkflowTaskUpdated {
  type: "workflow.task.updated";
  task_index: number;
  task: Task;
}

export interface XAxisConfig {
  dataKey: string;
  hide?: boolean;
  labels?: Record<string, string>;
}
