/** One bad field: a JSON pointer into the body, a query parameter or a header. */
export interface FieldError {
  pointer?: string
  parameter?: string
  header?: string
  detail: string
}

/** What every error of this library is. */
export class PostriderError extends Error {
  override name = 'PostriderError'
}

/** The server's refusal: a problem document (RFC 9457). With 429, 503 and 507 nothing was accepted. */
export class PostriderProblem extends PostriderError {
  override name = 'PostriderProblem'
  /** The last part of `type`: `unknown-event-type`. */
  readonly slug: string
  constructor(
    readonly status: number,
    readonly type: string,
    readonly title: string,
    readonly detail: string,
    readonly requestId: string,
    readonly errors: FieldError[],
    /** Seconds, of `Retry-After`. */
    readonly retryAfter?: number,
    /** All of it, with the members that only some problems have: `oldest_position`. */
    readonly document: Record<string, unknown> = {},
  ) {
    super(`${status} ${title}: ${detail}`)
    this.slug = type.slice(type.lastIndexOf('/') + 1)
  }
}

/** No answer came: what became of the request is not known. */
export class PostriderTransportError extends PostriderError {
  override name = 'PostriderTransportError'
}

/** The answer is not the server's: a redirect, a proxy's page, something that is not JSON. */
export class PostriderProtocolError extends PostriderError {
  override name = 'PostriderProtocolError'
  constructor(
    message: string,
    readonly status: number,
    /** The first 200 characters. */
    readonly body: string,
  ) {
    super(message)
  }
}
