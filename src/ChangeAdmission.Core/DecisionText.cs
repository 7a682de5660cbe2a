using System.Text;

namespace ChangeAdmission.Core;

/// <summary>
/// The words of a decision: the message <c>kubectl</c> prints for a rejection, and the warnings it shows for the
/// rest. Several lines print well in a denial; a warning is one line, or <c>kubectl</c> drops it.
/// </summary>
public static class DecisionText
{
    /// <summary>k8s.io/apimachinery, util/net/http.go: a warning header is cut or dropped beyond 256 characters.</summary>
    public const int MaxWarning = 239;

    /// <summary>The whole rejection: every policy that rejects, every reason, the digest in full, the requester.</summary>
    public static string Rejection(Decision decision)
    {
        var text = new StringBuilder(512);
        var verb = decision.Change.IsRollout ? "rolled out" : "changed";
        text.Append(decision.Change.Workload).Append(" was not ").Append(verb);
        var joiner = " by policy ";
        foreach (var policy in decision.Policies)
        {
            if (policy.Outcome != Outcome.Rejected)
            {
                continue;
            }

            if (policy.Policy is { } name)
            {
                text.Append(joiner).Append('"').Append(name).Append('"');
                joiner = "and by policy ";
            }

            text.Append(":\n");
            foreach (var violation in policy.Violations)
            {
                text.Append(" - ").Append(violation.Reason.Id()).Append(": ").Append(Quoted.Printable(violation.Detail)).Append('\n');
                if (violation.Next is { } next)
                {
                    text.Append("   next: ").Append(Quoted.Printable(next)).Append('\n');
                }
            }
        }

        if (decision.BreakGlass is BreakGlass.Whole(var why))
        {
            text.Append("break-glass did not count: ").Append(Quoted.Printable(why)).Append('\n');
        }

        if (decision.Change.Digest is { } digest)
        {
            text.Append("change ").Append(digest).Append(' ');
        }

        return text.Append("requested by ").Append(Unquoted(decision.Change.Requester.Username)).ToString();
    }

    /// <summary>One line per reason of every policy that warns, and one for a glass that was broken.</summary>
    public static IReadOnlyList<string> Warnings(Decision decision)
    {
        var warnings = new List<string>();
        if (decision.BreakGlass is BreakGlass.Broken)
        {
            warnings.Add("the glass is broken: this rollout passes every rule, and is recorded and reported with its reason");
        }

        foreach (var policy in decision.Policies)
        {
            if (policy.Outcome != Outcome.Warned)
            {
                continue;
            }

            foreach (var violation in policy.Violations)
            {
                warnings.Add(OneLine($"policy \"{policy.Policy}\" would reject: {violation.Reason.Id()}: {violation.Detail}"));
            }
        }

        return warnings;
    }

    private static string OneLine(string text)
    {
        text = Quoted.Printable(text);
        if (text.Length <= MaxWarning)
        {
            return text;
        }

        var end = MaxWarning - 1;
        return string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[end - 1]) ? end - 1 : end), "…");
    }

    private static string Unquoted(string username) => Quoted.Of(username)[1..^1];
}
