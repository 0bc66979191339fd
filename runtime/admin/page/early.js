// Before anything is drawn: light or dark, if somebody has chosen.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch { /* Without storage it is as the system has it. */ }
