namespace ChangeAdmission.Kubernetes.Resources;

/// <summary><c>metav1.Condition</c>: one aspect of an object's state, kept until it changes.</summary>
/// <param name="Type">What is said, in CamelCase: <c>Valid</c>.</param>
/// <param name="Status"><c>True</c>, <c>False</c> or <c>Unknown</c>.</param>
/// <param name="Reason">Why, in one word of CamelCase.</param>
/// <param name="Message">Why, for people.</param>
/// <param name="LastTransitionTime">When <paramref name="Status"/> became what it is; whole seconds.</param>
/// <param name="ObservedGeneration">The <c>metadata.generation</c> that was looked at.</param>
public sealed record Condition(string Type, string Status, string Reason, string Message, DateTimeOffset LastTransitionTime, long ObservedGeneration)
{
    public static Condition Of(string type, bool holds, string reason, string message, DateTimeOffset now, long generation) =>
        new(type, holds ? "True" : "False", reason, message, new(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), now.Offset), generation);

    /// <summary>This condition, with the time of the one before it when only its explanation is new.</summary>
    public Condition After(Condition? before) => before?.Status == Status ? this with { LastTransitionTime = before.LastTransitionTime } : this;
}
