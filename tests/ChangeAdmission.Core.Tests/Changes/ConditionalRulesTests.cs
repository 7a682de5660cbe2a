using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Tests.Changes;

public class ConditionalRulesTests
{
    private const string RestartedAt = "metadata.annotations['kubectl.kubernetes.io/restartedAt']";

    [Theory]
    [InlineData("2026-01-02T15:04:05Z")]
    [InlineData("2026-01-02T15:04:05+01:00")]
    [InlineData("2026-01-02T15:04:05-23:59")]
    [InlineData("2024-02-29T00:00:00.123456789Z")]
    public void A_restart_is_no_change(string time) =>
        TemplateJson.With(RestartedAt, TemplateJson.Quoted(time)).Canonical().Should().Be("{}");

    [Theory]
    [InlineData("")]
    [InlineData("now")]
    [InlineData("2026-01-02T15:04:05")]
    [InlineData("2026-01-02 15:04:05Z")]
    [InlineData("2026-01-02t15:04:05z")]
    [InlineData("2026-02-29T15:04:05Z")]
    [InlineData("2026-13-02T15:04:05Z")]
    [InlineData("2026-01-02T24:00:00Z")]
    [InlineData("2026-01-02T15:04:60Z")]
    [InlineData("2026-01-02T15:04:05.Z")]
    [InlineData("2026-01-02T15:04:05.1234567890Z")]
    [InlineData("2026-01-02T15:04:05+0100")]
    [InlineData("2026-01-02T15:04:05+24:00")]
    [InlineData("2026-01-02T15:04:05Z ")]
    [InlineData("2026-01-02T15:04:05Z; rm -rf /")]
    [InlineData("+026-01-02T15:04:05Z")]
    [InlineData("٢٠٢٦-01-02T15:04:05Z")]
    [InlineData("0000-01-02T15:04:05Z")]
    public void Anything_but_a_time_in_its_place_is_a_change(string smuggled) =>
        TemplateJson.With(RestartedAt, TemplateJson.Quoted(smuggled)).Canonical().Should().Contain("restartedAt");

    [Fact]
    public void Restarted_at_counts_everywhere_else()
    {
        const string time = "\"2026-01-02T15:04:05Z\"";
        TemplateJson.With("metadata.labels['kubectl.kubernetes.io/restartedAt']", time).Canonical().Should().Contain("restartedAt");
        TemplateJson.With("spec.annotations['kubectl.kubernetes.io/restartedAt']", time).Canonical().Should().Contain("restartedAt");
    }

    [Theory]
    [InlineData("""{"spec":{"serviceAccount":"robot"}}""")]
    [InlineData("""{"spec":{"serviceAccount":"robot","serviceAccountName":""}}""")]
    [InlineData("""{"spec":{"serviceAccount":"robot","serviceAccountName":null}}""")]
    [InlineData("""{"spec":{"serviceAccount":"robot","serviceAccountName":"robot"}}""")]
    [InlineData("""{"spec":{"serviceAccount":"","serviceAccountName":"robot"}}""")]
    [InlineData("""{"spec":{"serviceAccount":"android","serviceAccountName":"robot"}}""")]
    [InlineData("""{"spec":{"serviceAccount":"\u0072obot"}}""")]
    public void Either_name_of_the_service_account_is_both(string template) =>
        TemplateJson.Canonical(template).Should().Be("""{"spec":{"serviceAccountName":"robot"}}""");

    [Fact]
    public void The_service_account_stands_in_its_place_among_unknown_fields() =>
        TemplateJson.Canonical("""{"spec":{"a":1,"serviceAccount":"r","serviceAccountA":1,"serviceAccountNameX":1,"z":1}}""")
            .Should().Be("""{"spec":{"a":1,"serviceAccountA":1,"serviceAccountName":"r","serviceAccountNameX":1,"z":1}}""");

    [Theory]
    [InlineData("""{"name":"a"}""", """{"name":"a","emptyDir":{}}""", true)]
    [InlineData("""{"name":"a"}""", """{"name":"a","emptyDir":{"medium":""}}""", true)]
    [InlineData("""{"name":"a"}""", """{"name":"a","emptyDir":{"sizeLimit":"0"}}""", false)]
    [InlineData("""{"name":"a","nfs":{}}""", """{"name":"a","emptyDir":{},"nfs":{}}""", false)]
    [InlineData("""{"name":"a","somethingNew":{}}""", """{"name":"a","emptyDir":{},"somethingNew":{}}""", false)]
    public void A_volume_without_a_source_is_an_empty_directory(string one, string other, bool same) =>
        (Volume(one) == Volume(other)).Should().Be(same);

    [Fact]
    public void The_port_on_the_node_follows_only_on_the_nodes_network_and_not_in_ephemeral_containers()
    {
        const string ports = """[{"containerPort":80,"hostPort":80}]""";
        TemplateJson.With("spec.containers[].ports", ports).Canonical().Should().Contain("hostPort");
        TemplateJson.With("spec.containers[].ports", ports).And("spec.hostNetwork", "true").Canonical().Should().NotContain("hostPort");
        TemplateJson.With("spec.initContainers[].ports", ports).And("spec.hostNetwork", "true").Canonical().Should().NotContain("hostPort");
        TemplateJson.With("spec.ephemeralContainers[].ports", ports).And("spec.hostNetwork", "true").Canonical().Should().Contain("hostPort");
        TemplateJson.With("spec.containers[].ports", ports).And("spec.hostNetwork", "\"true\"").Canonical().Should().Contain("hostPort");
    }

    private static ChangeDigest Volume(string volume) => TemplateJson.Digest($$$"""{"spec":{"volumes":[{{{volume}}}]}}""");
}
