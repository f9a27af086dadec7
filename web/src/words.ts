// The words of the scripts: the very Fluent files that the node renders its pages with.
import { FluentBundle, FluentResource, type FluentVariable } from "@fluent/bundle";
import english from "../locales/en.ftl";
import archive from "../locales/en/archive.ftl";
import people from "../locales/en/people.ftl";
import retention from "../locales/en/retention.ftl";
import sharing from "../locales/en/sharing.ftl";
import sorting from "../locales/en/sorting.ftl";

const bundle = new FluentBundle("en", { useIsolating: false });
for (const file of [english, archive, people, retention, sharing, sorting]) bundle.addResource(new FluentResource(file));

/** A message by its name. An unknown one shows its name, so that a reader sees it. */
export function say(id: string, values: Record<string, FluentVariable> = {}): string {
  const pattern = bundle.getMessage(id)?.value;
  return pattern ? bundle.formatPattern(pattern, values) : `⟨${id}⟩`;
}

/** Whether there is such a message: for names that come from the node. */
export function knows(id: string): boolean {
  return bundle.hasMessage(id);
}
