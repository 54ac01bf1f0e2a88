// Calls the REST API as any script could; the session's cookie authenticates.

/** An answer that is an error of the API, or no answer at all (status 0). */
export class ApiError extends Error {
  constructor(message, { code = 0, status = 0, retryAfter = 0 } = {}) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** Nothing answered, or only something that will be better later. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status === 503;
  }
}

export const get = (path, query, options) => call('GET', withQuery(path, query), null, options);
export const post = (path, form, options) => call('POST', path, encode(form ?? {}), options);
export const put = (path, value, options) => call('PUT', path, JSON.stringify(value), { ...options, type: 'application/json' });
export const remove = (path, options) => call('DELETE', path, null, options);

/** Sends JSON, which the endpoints that are no resources of the reference take. */
export const postJSON = (path, value, options) => call('POST', path, JSON.stringify(value), { ...options, type: 'application/json' });

/** Sends a file as it is. */
export const postFile = (path, file, options) => call('POST', path, file, { ...options, type: file.type || 'application/octet-stream' });

/** Stores a file and returns its resource. */
export const upload = (service, file, options) =>
  call('POST', withQuery(`/v1/Services/${service}/Media`, { Filename: file.name || 'file' }), file,
    { ...options, type: file.type || 'application/octet-stream' });

/** The entries of a list, page by page: `for await (const entry of each(…))`. */
export async function* each(path, query, key, options) {
  for (let next = withQuery(path, query); next;) {
    const page = await get(next, null, options);
    yield* page[key];
    next = nextPage(page);
  }
}

/** The path of the next page of a list, null on the last one. */
export function nextPage(page) {
  const url = page.meta?.next_page_url;
  return url ? pathOf(url) : null;
}

/** A URL of the API without its host: the console may be open under another name. */
export function pathOf(url) {
  const { pathname, search } = new URL(url, location.href);
  return pathname + search;
}

export function withQuery(path, query) {
  const text = encode(query ?? {}).toString();
  return text ? path + (path.includes('?') ? '&' : '?') + text : path;
}

function encode(form) {
  const encoded = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined) encoded.append(name, one);
    }
  }
  return encoded;
}

async function call(method, path, body, { signal, headers = {}, type } = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      method, body, signal, cache: 'no-store', credentials: 'same-origin',
      headers: { Accept: 'application/json', ...(type ? { 'Content-Type': type } : {}), ...headers },
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError('The server cannot be reached. Nothing is lost: try again when the connection is back.');
  }
  if (answer.status === 204) return null;
  const text = await answer.text().catch(() => '');
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    // a proxy's page; its status says enough
  }
  if (answer.ok && value !== null) return value;
  if (answer.status === 401) window.dispatchEvent(new CustomEvent('sessionover'));
  throw new ApiError(value?.message || `The server answered with status ${answer.status}.`, {
    code: value?.code, status: answer.status, retryAfter: Number(answer.headers.get('Retry-After')) || 0,
  });
}
