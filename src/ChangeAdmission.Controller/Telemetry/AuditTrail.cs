using ChangeAdmission.Core;

namespace ChangeAdmission.Controller.Telemetry;

/// <summary>The decision as annotations in the API server's audit log.</summary>
internal static class AuditTrail
{
    public static IReadOnlyList<KeyValuePair<string, string>> Of(Decision decision)
    {
        var annotations = new List<KeyValuePair<string, string>>(5)
        {
            new("decision", decision.Outcome.Label()),
            new("policies", string.Join(',', decision.Policies.Select(p => p.Policy ?? "none"))),
            new("provenance", string.Join(',', decision.Policies.Select(p => p.Provenance.ToString()).Distinct())),
        };
        if (decision.Change.Digest is { } digest)
        {
            annotations.Add(new("digest", digest.ToString()));
        }

        var reasons = string.Join(',', decision.Policies.SelectMany(p => p.Violations).Select(v => v.Reason.Id()).Distinct());
        if (reasons.Length > 0)
        {
            annotations.Add(new("reasons", reasons));
        }

        if (decision.BreakGlass is BreakGlass.Broken(var reason))
        {
            annotations.Add(new("break-glass", Quoted.Printable(reason)));
        }

        return annotations;
    }

    /// <summary>The word for an outcome in metrics, audit annotations and logs.</summary>
    public static string Label(this Outcome outcome) => outcome switch
    {
        Outcome.Rejected => "rejected",
        Outcome.Warned => "warned",
        Outcome.Audited => "audited",
        Outcome.Admitted => "admitted",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
    };
}
