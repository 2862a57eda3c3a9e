// A CEL expression that was found bounded when the policy was loaded.
import type { Json, JsonObject } from '../ground/json.ts';

export interface Expression {
  readonly source: string;
}
export type ExpressionResult = { readonly matched: boolean } | { readonly error: string };
export type Variables = Readonly<Record<string, Json | JsonObject>>;
