"use strict";
// Why a field is wrong.
document.querySelectorAll(".why").forEach((button) => button.addEventListener("click", () => {
  document.getElementById("why").textContent = button.dataset.why;
}));
document.documentElement.dataset.ready = "true"; // what a test waits for
