// Look every three seconds whether the account is there, and go on when it is.
const place = document.querySelector("[data-waiting]");

async function look() {
  try {
    const answer = await fetch(place.dataset.waiting, { headers: { Accept: "application/json" } });
    if (answer.ok && (await answer.json()).ready) return location.replace(place.dataset.then);
  } catch { /* the network comes back by itself */ }
  setTimeout(look, document.hidden ? 15000 : 3000);
}

setTimeout(look, 3000);
