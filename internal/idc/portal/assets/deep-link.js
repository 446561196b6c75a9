"use strict";
// A link to the console has account and role behind the # of the start page, as
// in AWS's access portal, where no server sees them. This page goes where such a
// link leads; from the sign-in form it goes there after signing in.
function follow() {
  const [place, query] = location.hash.slice(1).split("?");
  if (place !== "/console" || query === undefined) {
    return;
  }
  const target = "/start/console?" + query;
  location.replace(location.pathname === "/start" ? target : "/signin?" + new URLSearchParams({ next: target }));
}
follow();
addEventListener("hashchange", follow);
