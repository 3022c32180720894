// Follows what is on its way: fetches the same part of the page anew, often at first, then slower, and only while
// somebody looks. It ends after a while, so that a forgotten page does not keep a session open.

const SECOND = 1000;
const PACE = [
  { until: 120 * SECOND, every: 3 * SECOND },
  { until: 600 * SECOND, every: 10 * SECOND },
  { until: 1500 * SECOND, every: 30 * SECOND },
];

const live = document.querySelector("[data-live]");
const told = document.querySelector("[data-told]");
const refresh = document.querySelector("[data-refresh]");
const following = document.querySelector("[data-following]");
const begun = performance.now();
let timer = 0;
let last = "";

const isWaiting = () => live.querySelector("[data-waiting]")?.dataset.waiting === "yes";
const pace = () => PACE.find(({ until }) => performance.now() - begun < until)?.every;

function show(html) {
  if (html === last) return;
  last = html;
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const before = live.querySelector("[data-said]")?.dataset.said;
  const focused = live.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  live.replaceChildren(fresh.content);
  if (focused) live.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  const now = live.querySelector("[data-said]")?.dataset.said;
  if (told && now && now !== before) told.textContent = now;
}

async function look() {
  try {
    const answer = await fetch(live.dataset.live, { redirect: "error", headers: { Accept: "text/html" } });
    if (answer.ok) show(await answer.text());
    if (answer.status === 401 || answer.status === 403) return stop();
  } catch {
    // Without a connection, or signed out: the page stands as it is, and the next look tells.
  }
  return plan();
}

function plan() {
  clearTimeout(timer);
  const every = pace();
  if (!every || !isWaiting()) return stop();
  if (!document.hidden) timer = setTimeout(look, every);
  return undefined;
}

function stop() {
  clearTimeout(timer);
  if (following) following.hidden = true;
  if (refresh) refresh.hidden = !isWaiting();
}

if (live && isWaiting()) {
  if (following) following.hidden = false;
  if (refresh) refresh.hidden = true;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden && pace() && isWaiting()) look();
  });
  plan();
}
