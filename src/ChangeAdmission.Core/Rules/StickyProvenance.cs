using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Rules;

/// <summary>Provenance as a policy takes it: what the change declares, or what the same content was declared as before.</summary>
internal static class StickyProvenance
{
    public static Provenance Of(Change change, ChangePolicy policy, RolloutLedger? ledger, DateTimeOffset now) =>
        PresentedAt(change, policy, ledger, now) is null ? ProvenanceReader.Read(change.Proposed, policy.AiAssistedWhen) : Provenance.AIAssisted;

    public static DateTimeOffset? PresentedAt(Change change, ChangePolicy policy, RolloutLedger? ledger, DateTimeOffset now) =>
        change.IsRollout
        && ledger is { Presented.Count: > 0 }
        && ProvenanceReader.Read(change.Proposed, policy.AiAssistedWhen) != Provenance.AIAssisted
        && change.Presentation is { } presentation
            ? ledger.PresentedAt(presentation, policy.Name, now)
            : null;
}
