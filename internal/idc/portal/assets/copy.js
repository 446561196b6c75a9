"use strict";
// Puts a button to each text that is to be copied. Without this script, or where
// the browser lets no page write to the clipboard, one click selects the text.
if (navigator.clipboard) {
  for (const snippet of document.querySelectorAll(".snippet")) {
    const text = snippet.querySelector("code").textContent;
    const button = document.createElement("button");
    const told = document.createElement("span");
    button.type = "button";
    button.className = "quiet";
    button.textContent = "Copy";
    told.setAttribute("role", "status");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
        told.textContent = "Copied.";
      } catch {
        told.textContent = "The browser did not let it be copied: select the text instead.";
      }
      setTimeout(() => { told.textContent = ""; }, 4000);
    });
    const bar = document.createElement("p");
    bar.className = "copy";
    bar.append(button, told);
    snippet.append(bar);
  }
}
