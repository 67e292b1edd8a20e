using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Cluster.Tests.FirstLight;

public sealed class OneProcessPerNodeTests(ITestOutputHelper output) : IDisposable
{
    private const int Keys = 30;

    // What the README promises, and as much again for a machine that does other work.
    private static readonly TimeSpan KilledLimit = TimeSpan.FromSeconds(6) * 2;
    private static readonly TimeSpan PausedLimit = TimeSpan.FromSeconds(10) * 2;

    // Less than the half minute that a message to a dead silo may wait.
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(15) * 1.6;

    private readonly string _data = Directory.CreateTempSubdirectory("key-value-nodes-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task Keys_of_a_killed_and_of_a_paused_node_are_served_by_the_others_and_the_last_node_ends_in_time()
    {
        await using var nodes = new NodeSet(_data);
        await nodes.StartAsync();
        for (var key = 0; key < Keys; key++)
        {
            await PutAsync(nodes[key % 3], key, "first");
        }

        await nodes[0].KillAsync();
        output.WriteLine($"after SIGKILL all keys are served after {await TimeUntilServedAsync(nodes, [1, 2], "first", KilledLimit)}");
        await nodes[0].DisposeAsync();
        await nodes.Start(0).WaitUntilRunningAsync();
        Assert.Equal("first", await nodes[0].Client.GetStringAsync("/kv/key0"));

        // Requests that are on their way when it is paused, and when it is declared dead, are answered, too.
        using var enough = new CancellationTokenSource();
        var asking = Enumerable.Range(0, 4).Select(client => AskAsync(nodes[client % 2 * 2], client, enough.Token)).ToArray();
        await nodes[1].PauseAsync();
        output.WriteLine($"after SIGSTOP all keys are served after {await TimeUntilServedAsync(nodes, [0, 2], "second", PausedLimit)}");
        await nodes[1].ContinueAsync();
        await enough.CancelAsync();
        output.WriteLine($"the slowest of the requests meanwhile was answered after {(await Task.WhenAll(asking)).Max()}");

        // It finds out that it was declared dead and starts again by itself.
        await Until.AsyncTrue(() => StatusAsync(nodes[1], "/kv/key1"), status => status == HttpStatusCode.OK);
        Assert.True(nodes[1].IsRunning, nodes[1].Output);

        var refused = 0;
        foreach (var node in new[] { 2, 0, 1 })
        {
            // The last one has no majority any more: what it was asked before is answered, too.
            var asked = node == 1 ? new[] { nodes[1].Client.GetAsync("/kv/key1"), nodes[1].Client.DeleteAsync("/kv/key2") } : [];
            var clock = Stopwatch.StartNew();
            await nodes[node].BeginStopAsync();
            refused += await AssertRefusesFromNowOnAsync(nodes[node]);
            Assert.Equal(0, await nodes[node].WaitForExitCodeAsync());
            output.WriteLine($"n{node + 1} ended {clock.Elapsed} after SIGTERM");
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
            foreach (var response in await Task.WhenAll(asked))
            {
                await AssertUnavailableAsync(response);
            }
        }

        Assert.True(refused > 0, "no request was refused by a process that was ending");
    }

    [Fact]
    public async Task A_founder_that_lost_its_folder_serves_at_once_and_gets_its_vote_in_the_membership_table_back_by_one_call()
    {
        await using var nodes = new NodeSet(_data);
        await nodes.StartAsync();
        await PutAsync(nodes[0], 1, "kept");
        var before = await VotersAsync(nodes[0]);
        await nodes[1].KillAsync();
        await nodes[1].DisposeAsync();
        Directory.Delete(Path.Combine(_data, "n2"), recursive: true);

        await nodes.Start(1).WaitUntilRunningAsync();
        Assert.Equal("kept", await nodes[1].Client.GetStringAsync("/kv/key1"));
        Assert.Equal(before, await VotersAsync(nodes[1]));
        Assert.Equal(HttpStatusCode.NoContent, await Until.AsyncTrue(() => RestoreVoteAsync(nodes[1], "n2"), status => status != HttpStatusCode.ServiceUnavailable));

        var after = await VotersAsync(nodes[2]);
        Assert.Equal(["n1", "n2", "n3"], after.Select(voter => voter.Silo));
        Assert.Equal([before[0], before[2]], new[] { after[0], after[2] });
        Assert.NotEqual(before[1].Store, after[1].Store);
        Assert.Equal(HttpStatusCode.Conflict, await RestoreVoteAsync(nodes[0], "n9"));
    }

    private static async Task<(string Silo, string Store)[]> VotersAsync(SampleProcess node) =>
        [.. (await node.Client.GetFromJsonAsync<JsonArray>("/raft/voters"))!.Select(voter => ($"{voter!["silo"]}", $"{voter["store"]}"))];

    private static async Task<HttpStatusCode> RestoreVoteAsync(SampleProcess node, string name)
    {
        using var response = await node.Client.PostAsync($"/raft/voters/{name}", null);
        return response.StatusCode;
    }

    /// <summary>Requests are answered 503 until nobody listens any more; at most the first ones may still have been taken, and a process that ends at once refuses by being gone.</summary>
    private static async Task<int> AssertRefusesFromNowOnAsync(SampleProcess node)
    {
        var refused = 0;
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            await pace.WaitForNextTickAsync();
            try
            {
                using var response = await node.Client.GetAsync("/kv/key0");
                if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
                {
                    await AssertUnavailableAsync(response);
                    refused++;
                }
                else
                {
                    Assert.Equal((HttpStatusCode.OK, 0), (response.StatusCode, refused));
                }
            }
            catch (HttpRequestException)
            {
                // Nobody listens any more.
                return refused;
            }
        }
    }

    private static async Task AssertUnavailableAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.ServiceUnavailable, $"{response.StatusCode} {body}");
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonNode.Parse(body)!;
        Assert.Equal(503, problem["status"]!.GetValue<int>());
        Assert.DoesNotMatch("Exception|\\n|   at ", $"{problem["detail"]}");

        // What was not done is not done; of a change that was on its way nobody knows.
        Assert.Contains($"{problem["outcome"]}", response.RequestMessage!.Method == HttpMethod.Get ? ["failed"] : new[] { "failed", "unknown" });
    }

    [Fact]
    public async Task A_fourth_node_joins_and_takes_the_place_of_another()
    {
        await using var nodes = new NodeSet(_data);
        await nodes.StartAsync();
        await PutAsync(nodes[0], 1, "value");
        await nodes.Join().WaitUntilRunningAsync();
        Assert.Equal("value", await nodes[3].Client.GetStringAsync("/kv/key1"));
        await PutAsync(nodes[3], 2, "from the fourth");
        Assert.Equal("from the fourth", await nodes[0].Client.GetStringAsync("/kv/key2"));

        // It takes the place of the third.
        await WishAsync(nodes[0], HttpMethod.Post, "n4");
        await Until.AsyncTrue(() => ReplicasAsync(nodes[0], "n4"), replicas => replicas > 0);
        await WishAsync(nodes[0], HttpMethod.Delete, "n3");
        await Until.AsyncTrue(() => ReplicasAsync(nodes[0], "n3"), replicas => replicas == 0);
        await PutAsync(nodes[2], 3, "after the move");
        Assert.Equal("after the move", await nodes[3].Client.GetStringAsync("/kv/key3"));
        await Until.AsyncTrue(() => nodes[1].Client.GetFromJsonAsync<JsonArray>("/raft/groups")!, AreOnThree);
        await Until.AsyncTrue(() => nodes[1].Client.GetFromJsonAsync<JsonArray>("/raft/groups/raft/0/checksum")!, AreEqual);
    }

    [Fact]
    public async Task A_list_that_is_not_the_clusters_is_refused()
    {
        await using var nodes = new NodeSet(_data);
        var two = nodes.Founders[..nodes.Founders.LastIndexOf(',')];

        // At birth: who waits alone says for whom and ends quietly; a list that most others don't have is refused, and they wait on.
        await nodes.Start(1).WaitForLineAsync("missing: n1, n3");
        Assert.Equal(0, await nodes[1].TerminateAsync());
        Assert.All(LinesOf(nodes[1]), line => Assert.Matches("^Stopping|missing: n1, n3", line));
        nodes.Start(0);
        nodes.Start(1);
        var oneAndThree = string.Join(',', nodes.Founders.Split(',').Where((_, node) => node != 1));
        Assert.Equal(2, await nodes.StartWith(2, $"--node n3 --cluster {oneAndThree}").WaitForExitCodeAsync());
        Assert.StartsWith("--cluster names two founders, n1,n3: ", LinesOf(nodes[2]).Last(), StringComparison.Ordinal);
        Assert.Equal(2, await nodes.StartWith(2, $"--node n3 --cluster {nodes.Founders},{nodes.Fourth}").WaitForExitCodeAsync());
        Assert.Equal("--cluster names n1,n2,n3,n4; most of the others were started with n1,n2,n3. Give each node the same list, for ever.", LinesOf(nodes[2]).Last());
        await nodes.Start(2).WaitUntilRunningAsync();

        Assert.Equal(2, await nodes.StartWith(3, $"--join --node {nodes.Fourth} --cluster {two}").WaitForExitCodeAsync());
        Assert.Equal("--cluster names n1,n2; this cluster was founded by n1,n2,n3. Give each node the same list, for ever.", LinesOf(nodes[3]).Last());
    }

    /// <summary>Reads and writes keys again and again; gives the longest time that one request took.</summary>
    private static async Task<TimeSpan> AskAsync(SampleProcess node, int seed, CancellationToken enough)
    {
        var (random, slowest) = (new Random(seed), TimeSpan.Zero);
        while (!enough.IsCancellationRequested)
        {
            var target = $"/kv/key{random.Next(Keys)}";
            var clock = Stopwatch.StartNew();
            using var response = random.Next(2) == 0 ? await node.Client.GetAsync(target) : await node.Client.PutAsync(target, new StringContent("second"));
            slowest = clock.Elapsed > slowest ? clock.Elapsed : slowest;
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                await AssertUnavailableAsync(response);
            }
        }

        Assert.InRange(slowest, TimeSpan.Zero, AnswerLimit);
        return slowest;
    }

    private static string[] LinesOf(SampleProcess node) => node.Output.TrimEnd().Split('\n');

    private async Task<TimeSpan> TimeUntilServedAsync(NodeSet nodes, int[] alive, string value, TimeSpan limit)
    {
        var clock = Stopwatch.StartNew();
        for (var key = 0; key < Keys; key++)
        {
            var node = nodes[alive[key % alive.Length]];
            while (true)
            {
                using var response = await node.Client.PutAsync($"/kv/key{key}", new StringContent(value));
                if (response.StatusCode == HttpStatusCode.NoContent)
                {
                    break;
                }

                Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
                Assert.True(clock.Elapsed < limit, $"key{key} is not served after {clock.Elapsed}: {await response.Content.ReadAsStringAsync()}\n{nodes.Describe()}");
            }
        }

        Assert.InRange(clock.Elapsed, TimeSpan.Zero, limit);
        return clock.Elapsed;
    }

    private static bool AreEqual(JsonArray? checksums)
    {
        var hashes = checksums!.Select(checksum => checksum!["sha256"]?.GetValue<string>()).ToList();
        return hashes.Count == 3 && hashes[0] is not null && hashes.Distinct().Count() == 1 && checksums!.Select(checksum => $"{checksum!["applied"]}").Distinct().Count() == 1;
    }

    private static bool AreOnThree(JsonArray? groups) =>
        groups!.All(group => string.Join(' ', group!["replicas"]!.AsArray().Select(replica => $"{replica!["silo"]}").Order()) == "n1 n2 n4");

    // 503 while a move before it is still under way: nothing was changed, ask again.
    private static Task<HttpStatusCode> WishAsync(SampleProcess node, HttpMethod method, string silo) => Until.AsyncTrue(
        async () =>
        {
            using var response = await node.Client.SendAsync(new HttpRequestMessage(method, $"/raft/silos/{silo}"));
            Assert.True(response.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.ServiceUnavailable, await response.Content.ReadAsStringAsync());
            return response.StatusCode;
        },
        status => status == HttpStatusCode.Accepted);

    private static async Task<int> ReplicasAsync(SampleProcess node, string silo) => (await node.Client.GetFromJsonAsync<JsonArray>("/raft/silos"))!
        .Where(each => each!["silo"]!.GetValue<string>() == silo).Sum(each => each!["replicas"]!.GetValue<int>());

    private static async Task PutAsync(SampleProcess node, int key, string value)
    {
        using var response = await node.Client.PutAsync($"/kv/key{key}", new StringContent(value));
        Assert.True(response.StatusCode == HttpStatusCode.NoContent, await response.Content.ReadAsStringAsync());
    }

    private static async Task<HttpStatusCode> StatusAsync(SampleProcess node, string target)
    {
        using var response = await node.Client.GetAsync(target);
        return response.StatusCode;
    }
}
