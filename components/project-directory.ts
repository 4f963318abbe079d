import { isAbsolute, join, relative } from "node:path";
import * as pulumi from "@pulumi/pulumi";

/** Directory of the Pulumi project. Where the language host does not tell it, the SDK answers with a word in its place. */
export function projectDirectory(): string {
  const directory = pulumi.getRootDirectory();
  return directory === "" || directory === "rootDirectory" ? process.cwd() : directory;
}

/** A path of the project for this program, which starts in the directory of `main` of Pulumi.yaml. */
export function pathInProject(path: string): string {
  return isAbsolute(path) ? path : join(projectDirectory(), path);
}

/**
 * A path of the project as plugins have to have it: they start in the directory of the program (`main` of Pulumi.yaml).
 * It is relative, so that it is the same in every checkout.
 */
export function pathForPlugins(path: string): string {
  return isAbsolute(path) ? path : relative(process.cwd(), pathInProject(path));
}
