using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.FirstLight;

/// <summary>Groups and silos over HTTP, where nothing moves; what moves is in <see cref="OneProcessPerNodeTests"/>.</summary>
public sealed class RaftOverHttpTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("key-value-raft-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task Groups_silos_checksums_and_moves_of_leaders_are_as_the_page_of_requests_says()
    {
        var file = Path.Combine(_data, "import.tsv");
        await File.WriteAllTextAsync(file, "imported\\tkey\tfrom a file\n");
        await using var sample = await SampleProcess.StartAsync(_data, $"--import \"{file}\"");
        await Until.AsyncTrue(() => AskAsync(sample, HttpMethod.Get, "/kv/imported%09key"), answer => answer.Status == HttpStatusCode.OK);
        Assert.Equal("from a file", await sample.Client.GetStringAsync("/kv/imported%09key"));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(sample, HttpMethod.Get, "/health/live")).Status);
        await Until.AsyncTrue(() => AskAsync(sample, HttpMethod.Get, "/health/ready"), answer => answer.Status == HttpStatusCode.OK);
        Assert.Matches("(?m)^# TYPE \\S+ (counter|gauge|histogram|summary)$", await sample.Client.GetStringAsync("/metrics"));
        for (var key = 0; key < 40; key++)
        {
            using var put = await sample.Client.PutAsync($"/kv/key{key}", new StringContent("value"));
            Assert.Equal(HttpStatusCode.NoContent, put.StatusCode);
        }

        var groups = await Until.AsyncTrue(
            async () => (await sample.Client.GetFromJsonAsync<JsonArray>("/raft/groups"))!,
            list => list.Count > 1 && list.All(group => group!["leader"] is not null && group["replicas"]!.AsArray().Count == 3));
        Assert.All(groups, group => AssertFields(group!, "group", "leader", "term", "commit", "applied", "replicas"));
        Assert.All(
            groups.SelectMany(group => group!["replicas"]!.AsArray()),
            replica => AssertFields(replica!, "silo", "replica", "role", "match", "applied", "state", "lag"));
        var silos = (await sample.Client.GetFromJsonAsync<JsonArray>("/raft/silos"))!;
        Assert.Equal(["n1", "n2", "n3"], silos.Select(silo => $"{silo!["silo"]}"));
        Assert.All(silos, silo => AssertFields(silo!, "silo", "address", "status", "leads", "replicas"));

        foreach (var id in groups.Select(group => $"{group!["group"]}").Take(3))
        {
            var checksums = (await sample.Client.GetFromJsonAsync<JsonArray>($"/raft/groups/{id}/checksum"))!;
            Assert.Equal(["n1", "n2", "n3"], checksums.Select(checksum => $"{checksum!["silo"]}").Order());
            Assert.Single(checksums.Select(checksum => $"{checksum!["applied"]} {checksum["sha256"]}").Distinct());
            Assert.Matches("^[0-9A-Fa-f]{64}$", $"{checksums[0]!["sha256"]}");
        }

        await MoveAsync(sample, "raft/0", "n2");
        await MoveAsync(sample, "raft%2F0", "n3");
        await AssertRefusedAsync(sample);
        Assert.Equal("value", await sample.Client.GetStringAsync("/kv/key7"));
    }

    private static async Task AssertRefusedAsync(SampleProcess sample)
    {
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "POST, DELETE"), await AskAsync(sample, HttpMethod.Get, "/raft/silos/n1"));
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "POST"), await AskAsync(sample, HttpMethod.Get, "/raft/groups/raft/0/leader/n1"));
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "GET"), await AskAsync(sample, HttpMethod.Post, "/raft/groups/raft/0/checksum"));
        Assert.Equal((HttpStatusCode.NotFound, ""), await AskAsync(sample, HttpMethod.Get, "/raft/groups/raft"));
        Assert.Equal((HttpStatusCode.NotFound, ""), await AskAsync(sample, HttpMethod.Get, "/raft/groups/raft/-1/checksum"));

        // What is impossible changes nothing and says why.
        Assert.Equal((HttpStatusCode.Conflict, ""), await AskAsync(sample, HttpMethod.Get, "/raft/groups/nonsense/0/checksum"));
        Assert.Equal((HttpStatusCode.Conflict, ""), await AskAsync(sample, HttpMethod.Post, "/raft/groups/raft/0/leader/n9"));
        Assert.Equal((HttpStatusCode.Conflict, ""), await AskAsync(sample, HttpMethod.Post, "/raft/silos/n9"));
        Assert.Equal((HttpStatusCode.Conflict, ""), await AskAsync(sample, HttpMethod.Delete, "/raft/silos/n9"));

        // A silo that has its share is given nothing.
        using var added = await sample.Client.PostAsync("/raft/silos/n1", null);
        Assert.Equal(HttpStatusCode.Accepted, added.StatusCode);
        Assert.Equal(0, (await added.Content.ReadFromJsonAsync<JsonObject>())!["replicas"]!.GetValue<int>());
    }

    private static async Task MoveAsync(SampleProcess sample, string group, string silo)
    {
        // A replica that has just started may refuse to lead once or twice.
        await Until.AsyncTrue(() => AskAsync(sample, HttpMethod.Post, $"/raft/groups/{group}/leader/{silo}"), answer => answer.Status == HttpStatusCode.NoContent);
        var groups = (await sample.Client.GetFromJsonAsync<JsonArray>("/raft/groups"))!;
        Assert.Equal(silo, groups.Single(each => $"{each!["group"]}" == "raft/0")!["leader"]!.GetValue<string>());
    }

    private static void AssertFields(JsonNode node, params string[] names) => Assert.Empty(names.Except(node.AsObject().Select(field => field.Key)));

    private static async Task<(HttpStatusCode Status, string Allow)> AskAsync(SampleProcess sample, HttpMethod method, string target)
    {
        using var request = new HttpRequestMessage(method, target);
        using var response = await sample.Client.SendAsync(request);
        return (response.StatusCode, string.Join(", ", response.Content.Headers.Allow));
    }
}
