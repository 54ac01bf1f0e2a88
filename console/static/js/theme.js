// Chooses the theme before anything is drawn. It is no module, so that the browser
// waits for it: a page must not flash in the wrong colours.
(function () {
  const root = document.documentElement;
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const chosen = () => {
    try {
      return localStorage.getItem('bridged.theme');
    } catch {
      return null; // a browser that keeps nothing follows the system
    }
  };
  const show = () => {
    const theme = chosen();
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
    else delete root.dataset.theme;
    root.dataset.shownTheme = root.dataset.theme || (dark.matches ? 'dark' : 'light');
  };
  show();
  dark.addEventListener('change', show);
  window.addEventListener('storage', show);
  window.addEventListener('themechange', show);
})();
