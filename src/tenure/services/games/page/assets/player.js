// Nothing can be done on this page. What changed is loaded again; once its link is revoked, the page says so.
keepLive({ change: refresh, over: () => location.reload() });
