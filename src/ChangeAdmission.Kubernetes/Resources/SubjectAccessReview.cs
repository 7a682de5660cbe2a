using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Kubernetes.Resources;

/// <summary>The verbs on <c>changepolicies.changeadmission.io</c> by which RBAC says who may do what a policy guards.</summary>
public enum Verb
{
    /// <summary>To approve changes.</summary>
    Approve,

    /// <summary>To roll out past every rule, once and on the record.</summary>
    Breakglass,

    /// <summary>To take a namespace out of the policy's reach.</summary>
    Exempt,
}

/// <summary><c>authorization.k8s.io/v1 SubjectAccessReview</c>: may this user do that?</summary>
public sealed record SubjectAccessReview
{
    public const string Path = "apis/authorization.k8s.io/v1/subjectaccessreviews";

    public string ApiVersion { get; init; } = "authorization.k8s.io/v1";

    public string Kind { get; init; } = "SubjectAccessReview";

    public required SubjectAccessReviewSpec Spec { get; init; }

    public SubjectAccessReviewStatus? Status { get; init; }

    /// <summary>Whether the requester, with all that the API server knows of them, holds a verb on one policy.</summary>
    public static SubjectAccessReview ForPolicy(Requester requester, Verb verb, string policy) => new()
    {
        Spec = new SubjectAccessReviewSpec
        {
            User = requester.Username,
            Groups = requester.Groups,
            Uid = requester.Uid,
            Extra = requester.Extra,
            ResourceAttributes = new ResourceAttributes
            {
                Verb = verb.ToString().ToLowerInvariant(),
                Group = ChangePolicyResource.Group,
                Resource = ChangePolicyResource.Plural,
                Name = policy,
            },
        },
    };
}

public sealed record SubjectAccessReviewSpec
{
    public required string User { get; init; }

    public IReadOnlyList<string>? Groups { get; init; }

    public string? Uid { get; init; }

    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Extra { get; init; }

    public required ResourceAttributes ResourceAttributes { get; init; }
}

public sealed record ResourceAttributes
{
    public required string Verb { get; init; }

    public required string Group { get; init; }

    public required string Resource { get; init; }

    public required string Name { get; init; }
}

public sealed record SubjectAccessReviewStatus
{
    public bool Allowed { get; init; }
}
