namespace ChangeAdmission.Kubernetes.Admission;

/// <summary>The body is not an AdmissionReview that can be answered. The message names the problem in one sentence.</summary>
public sealed class AdmissionReviewException(string message) : Exception(message);
