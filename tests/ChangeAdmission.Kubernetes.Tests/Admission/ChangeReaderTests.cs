using System.Text;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Kubernetes.Admission;
using static ChangeAdmission.Kubernetes.Tests.Admission.Reviews;

namespace ChangeAdmission.Kubernetes.Tests.Admission;

public sealed class ChangeReaderTests
{
    private const string Other = """{"metadata":{"annotations":{"changeadmission.io/ai-assisted":"true"}},"spec":{"containers":[{"name":"p","image":"p:2"}]}}""";

    [Fact]
    public void Another_template_is_a_rollout()
    {
        var change = Change(Update(template: Other, annotations: """{"changeadmission.io/author":"eve"}"""));

        change.Workload.Should().Be(new WorkloadReference("shop", WorkloadKind.Deployment, "payments"));
        change.Requester.Username.Should().Be("dev");
        change.Requester.Groups.Should().Equal("developers");
        change.Requester.Extra!["k"].Should().Equal("v");
        (change.IsRollout, change.IsCreate, change.IsRestart, change.IsDryRun).Should().Be((true, false, false, false));
        change.Author.Should().Be("eve");
        change.Proposed.TemplateAnnotations.Should().ContainKey("changeadmission.io/ai-assisted");
        change.Digest.Should().NotBe(change.PreviousDigest);
    }

    [Fact]
    public void A_create_has_nothing_before_it()
    {
        var body = Replaced("\"UPDATE\"", "\"CREATE\"");

        Change(body).Should().Match<Change>(c => c.IsCreate && c.IsRollout && c.PreviousDigest == null);
    }

    [Theory]
    [InlineData("{}", "{}")]
    [InlineData("""{"other":"1"}""", """{"other":"2"}""")]
    [InlineData("""{"changeadmission.io/ai-assisted":"true"}""", "{}")]
    public void The_same_template_without_a_new_approval_is_nothing_to_judge(string before, string after) =>
        Read(Update(oldAnnotations: before, annotations: after)).Should().BeOfType<ChangeReading.NothingToJudge>();

    [Fact]
    public void A_new_approval_is_judged_though_nothing_rolls_out() =>
        Change(Update(annotations: """{"changeadmission.io/senior-approval":"x"}""")).IsRollout.Should().BeFalse();

    [Theory]
    [InlineData("\"operation\":\"UPDATE\"", "\"operation\":\"DELETE\"")]
    [InlineData("\"operation\":\"UPDATE\"", "\"operation\":\"UPDATE\",\"subResource\":\"status\"")]
    [InlineData("\"operation\":\"UPDATE\"", "\"operation\":\"UPDATE\",\"subResource\":\"scale\"")]
    public void Deleting_scaling_and_status_are_left_alone(string part, string by) =>
        Read(Bytes(Encoding.UTF8.GetString(Update(template: Other)).Replace(part, by, StringComparison.Ordinal)))
            .Should().BeOfType<ChangeReading.NothingToJudge>();

    [Theory]
    [InlineData("\"operation\":\"UPDATE\"", "\"operation\":\"CONNECT\"", "request.operation*")]
    [InlineData("\"operation\":\"UPDATE\"", "\"operation\":\"UPDATE\",\"subResource\":\"new\"", "the subresource \"new\" is not one we know")]
    [InlineData("\"kind\":{\"group\":\"apps\",", "\"kind\":{\"group\":\"extensions\",", "request.kind is not*")]
    [InlineData("\"namespace\":\"shop\",\"operation\"", "\"namespace\":\"\",\"operation\"", "request.namespace is missing")]
    [InlineData("\"oldObject\":", "\"elsewhere\":", "request.oldObject is missing in an update")]
    [InlineData("\"object\":", "\"elsewhere\":", "request.object is missing")]
    [InlineData("\"username\":\"dev\"", "\"username\":\"\"", "request.userInfo.username is missing")]
    [InlineData("\"image\":\"p:1\"}]}}}", "\"image\":\"p:2\"}]}},\"more\":1}", null)]
    public void What_cannot_be_understood_is_said(string part, string by, string? problem)
    {
        var reading = Read(Bytes(Encoding.UTF8.GetString(Update(template: Other)).Replace(part, by, StringComparison.Ordinal)));

        if (problem is null)
        {
            reading.Should().BeOfType<ChangeReading.ToJudge>("unknown fields are no offence");
        }
        else
        {
            reading.Should().BeOfType<ChangeReading.NotUnderstood>().Which.Problem.Should().Match(problem);
        }
    }

    [Fact]
    public void An_object_without_a_template_is_not_understood() =>
        Read(Replaced("\"template\":", "\"templates\":")).Should().BeOfType<ChangeReading.NotUnderstood>().Which.Problem.Should().Contain("no spec.template");

    private static ChangeReading Read(byte[] body) => ChangeReader.Read(AdmissionReviewReader.Read(body));

    private static Change Change(byte[] body) => Read(body).Should().BeOfType<ChangeReading.ToJudge>().Which.Change;
}
