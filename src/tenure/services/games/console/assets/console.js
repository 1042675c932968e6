// This page has nothing of its own to do: what changed is loaded again.

keepLive({ change: refresh });
