// Light, dark, or as the system says. Runs before the first paint, so that no page flashes in the wrong theme.
{
  const root = document.documentElement;
  const kept = (): string | null => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  };
  const show = (theme: string | null): void => {
    if (theme === "light" || theme === "dark") root.dataset["theme"] = theme;
    else delete root.dataset["theme"];
  };
  show(kept());
  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (!(button instanceof HTMLButtonElement)) return;
    const name = (): string => root.dataset["theme"] ?? "system";
    const label = (): void => {
      button.textContent = button.dataset[name()] ?? "";
    };
    button.addEventListener("click", () => {
      const next = { system: "light", light: "dark", dark: "system" }[name()] ?? "system";
      try {
        if (next === "system") localStorage.removeItem("theme");
        else localStorage.setItem("theme", next);
      } catch {
        // Without storage the choice holds for this page.
      }
      show(next);
      label();
    });
    label();
    button.hidden = false;
  });
}
