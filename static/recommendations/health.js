// Loads the page again when the figures it waits for are computed.
document.addEventListener("job:state", (event) => {
  if (event.target.closest("[data-health-job]") && event.detail.status === "succeeded") location.reload();
});
