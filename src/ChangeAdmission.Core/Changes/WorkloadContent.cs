namespace ChangeAdmission.Core.Changes;

/// <summary>What of a workload object matters to a decision; the rest of the object is never looked at.</summary>
public sealed record WorkloadContent
{
    /// <summary><c>metadata.annotations</c> of the workload.</summary>
    public required IReadOnlyDictionary<string, string> Annotations { get; init; }

    /// <summary><c>spec.template.metadata.annotations</c>.</summary>
    public required IReadOnlyDictionary<string, string> TemplateAnnotations { get; init; }

    /// <summary><c>spec.template</c>, UTF-8 JSON exactly as it arrived.</summary>
    public required ReadOnlyMemory<byte> Template { get; init; }
}
