namespace ChangeAdmission.Core;

/// <summary>One rule broken by one change.</summary>
/// <param name="Reason">Which rule.</param>
/// <param name="Detail">What is wrong, as half a sentence; made of our own words and <see cref="Quoted"/> text.</param>
/// <param name="Next">What to do about it, where there is one thing to do.</param>
public sealed record Violation(Reason Reason, string Detail, string? Next = null);
