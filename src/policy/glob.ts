// Patterns over repository names: `*` within one path segment, `**` across segments.
export interface Glob {
  readonly text: string;
}
