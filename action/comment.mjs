/** One comment of ours on a pull request: made once, then brought up to date. */

/** Tells our comment from others; not shown. */
const MARKER = '<!-- sallyport: what this change opens and closes -->';

/** GitHub's limit of a comment, in characters. */
const MAX_BODY = 65_536;

const PAGES = 20;

/**
 * @typedef {object} Target
 * @property {string} api without a slash at its end
 * @property {string} repository `owner/name`
 * @property {number} number of the pull request
 * @property {string} token
 * @property {string} body Markdown
 */

/**
 * @param {Target} target
 * @returns {Promise<'created' | 'updated'>}
 * @throws when GitHub refuses
 */
export async function putComment({ api, repository, number, token, body }) {
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) throw new Error(`no repository: ${JSON.stringify(repository)}`);
  const text = `${MARKER}\n${body}`;
  if (text.length > MAX_BODY) throw new Error(`the comment has ${text.length} characters, more than GitHub takes`);
  const own = await findOwn(api, repository, number, token);
  if (own === undefined) {
    await request(`${api}/repos/${repository}/issues/${number}/comments`, 'POST', token, { body: text });
    return 'created';
  }
  await request(`${api}/repos/${repository}/issues/comments/${own}`, 'PATCH', token, { body: text });
  return 'updated';
}

/**
 * @param {string} api
 * @param {string} repository
 * @param {number} number
 * @param {string} token
 * @returns {Promise<number | undefined>}
 */
async function findOwn(api, repository, number, token) {
  for (let page = 1; page <= PAGES; page++) {
    const url = `${api}/repos/${repository}/issues/${number}/comments?per_page=100&page=${page}`;
    const comments = await request(url, 'GET', token);
    if (!Array.isArray(comments)) throw new Error('GitHub sent no list of comments');
    for (const { id, body } of /** @type {{ id?: unknown, body?: unknown }[]} */ (comments)) {
      if (typeof id === 'number' && typeof body === 'string' && body.startsWith(MARKER)) return id;
    }
    if (comments.length < 100) return undefined;
  }
  return undefined;
}

/**
 * @param {string} url
 * @param {string} method
 * @param {string} token
 * @param {unknown} [body]
 * @returns {Promise<unknown>}
 */
async function request(url, method, token, body) {
  const answer = await fetch(url, {
    method,
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${token}`,
      'x-github-api-version': '2022-11-28',
      'user-agent': 'sallyport',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  if (!answer.ok) throw new Error(`${method} ${new URL(url).pathname}: GitHub answers ${answer.status}`);
  return answer.json();
}
