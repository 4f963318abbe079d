/** Version of the official plugin whose answers this edition gives. */
export const pluginVersion = "3.18.1";
