// Requests to the admin listener.

// How long they may take, in milliseconds. The gateway gives an action a minute, and
// one that is given up may be done in part.
const asking = 5_000;
const acting = 65_000;

// answer returns the document that came, or throws an error with the words of the
// problem that came instead.
async function answer(response) {
  if (response.ok) {
    return response.status === 202 ? null : response.json();
  }
  let problem;
  try {
    problem = await response.json();
  } catch {
    throw new Error(`the gateway answered with status ${response.status}`);
  }
  throw new Error(problem.detail);
}

// get leaves out parameters that are empty.
export async function get(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== "" && value !== undefined);
  const query = given.length ? "?" + new URLSearchParams(given) : "";
  return answer(await fetch(path + query, { signal: AbortSignal.timeout(asking) }));
}

export async function post(path, body) {
  return answer(await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(acting),
  }));
}
