/** Version of pgstead, as package.json has it: bundles carry no package.json. */
export const pgsteadVersion = "0.1.0";
