/**
 * Light or dark, as the system has it or as the visitor wants it. A classic script in the head: a module would come after the
 * first paint, which would flash.
 */
(() => {
  const KEY = 'theme';
  const dark = matchMedia('(prefers-color-scheme: dark)');

  function remembered() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // Storage is switched off: the choice lasts as long as the page.
    }
  }

  function remember(theme) {
    try {
      if (theme === null) {
        localStorage.removeItem(KEY);
      } else {
        localStorage.setItem(KEY, theme);
      }
    } catch {
      // As above.
    }
  }

  function system() {
    return dark.matches ? 'dark' : 'light';
  }

  function shown() {
    return document.documentElement.dataset.theme ?? system();
  }

  function apply(theme) {
    if (theme === 'light' || theme === 'dark') {
      document.documentElement.dataset.theme = theme;
    } else {
      delete document.documentElement.dataset.theme;
    }
    document.getElementById('theme')?.setAttribute('aria-pressed', String(shown() === 'dark'));
    const paper = { light: '#f7f7f4', dark: '#121515' }[shown()];
    document.querySelector('meta[name="theme-color"]').content = paper;
  }

  apply(remembered());
  dark.addEventListener('change', () => apply(remembered()));
  addEventListener('storage', ({ key }) => key === KEY && apply(remembered()));
  addEventListener('DOMContentLoaded', () => {
    apply(remembered());
    document.getElementById('theme').addEventListener('click', () => {
      const wanted = shown() === 'dark' ? 'light' : 'dark';
      const chosen = wanted === system() ? null : wanted; // What the system has needs no choice, and follows it from then on.
      remember(chosen);
      apply(chosen);
    });
  });
})();
