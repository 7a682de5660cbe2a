using ChangeAdmission.Core.Policies;

namespace ChangeAdmission.Core.Changes;

/// <summary>How a change came to be, by its own declaration.</summary>
public enum Provenance
{
    /// <summary>No declaration at all.</summary>
    Undeclared,
    Human,
    AIAssisted,
}

/// <summary>
/// Reads a change's declaration from the annotations of the proposed workload and of its template. The old object
/// is no evidence. Two claims that disagree count as AI-assisted.
/// </summary>
public static class ProvenanceReader
{
    public static Provenance Read(WorkloadContent proposed, IReadOnlyList<ProvenanceEvidence> aiAssistedWhen)
    {
        foreach (var evidence in aiAssistedWhen)
        {
            if (evidence.Matches(proposed.Annotations) || evidence.Matches(proposed.TemplateAnnotations))
            {
                return Provenance.AIAssisted;
            }
        }

        return DeclaresHuman(proposed.Annotations) || DeclaresHuman(proposed.TemplateAnnotations)
            ? Provenance.Human
            : Provenance.Undeclared;
    }

    private static bool DeclaresHuman(IReadOnlyDictionary<string, string> annotations) =>
        annotations.TryGetValue(WellKnown.AIAssisted, out var value) && value == "false";
}
