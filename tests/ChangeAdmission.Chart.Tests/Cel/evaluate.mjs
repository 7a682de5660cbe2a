// Reads {cases: [{expression, variables}]} from standard input, and writes one answer a case: true, false, or the error's text.
import { readFileSync } from "node:fs";
import { run } from "@bufbuild/cel";

const { cases } = JSON.parse(readFileSync(0, "utf8"));
const answers = cases.map(({ expression, variables }) => {
  try {
    const answer = run(expression, variables);
    return typeof answer === "boolean" ? answer : String(answer);
  } catch (error) {
    return String(error);
  }
});
process.stdout.write(JSON.stringify(answers));
