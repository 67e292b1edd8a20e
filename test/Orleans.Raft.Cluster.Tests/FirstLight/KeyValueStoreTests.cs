using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Orleans.Raft.Storage.Engine;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.FirstLight;

public sealed class KeyValueStoreTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("key-value-store-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task Every_record_acknowledged_before_a_kill_in_mid_import_is_there_after_the_next_start()
    {
        var records = await ReadRecordsAsync();
        HashSet<string> acknowledged;
        await using (var sample = await SampleProcess.StartAsync(_data))
        {
            await PutAsync(sample, "gone", "value");
            Assert.Equal(HttpStatusCode.NoContent, await DeleteAsync(sample, "gone", "first"));
            acknowledged = await ImportUntilAsync(sample, records.Count / 3, sample.KillAsync);
        }

        Assert.InRange(acknowledged.Count, records.Count / 3, records.Count - 1);
        foreach (var directory in Directories("n1", "n2", "n3"))
        {
            // What LogInspector says of a killed silo's directory: whole but for what was never acknowledged, and not closed.
            var report = EngineInspector.Inspect(directory);
            Assert.True(report.Condition is EngineCondition.Clean or EngineCondition.TornTail, string.Join('\n', report.Problems));
            Assert.False(report.IsCleanlyClosed);
            Assert.True(report.Groups.Count > 0 && report.Segments.Count > 0 && report.LastSequence > 0, directory);
        }

        await using (var sample = await SampleProcess.StartAsync(_data))
        {
            await AssertStoredAsync(sample, acknowledged, records);

            // A delete that is sent again is told what it was told before, also by processes that know of it from the disk only.
            Assert.Equal(HttpStatusCode.NoContent, await DeleteAsync(sample, "gone", "first"));
            Assert.Equal(HttpStatusCode.NotFound, await DeleteAsync(sample, "gone", "second"));

            // And the rest can be imported on top, after which everything is there.
            var all = await ImportUntilAsync(sample, int.MaxValue, () => Task.CompletedTask);
            Assert.Equal(records.Count, all.Count);
            Assert.Equal(await File.ReadAllTextAsync(SampleProcess.DataFile), await sample.Client.GetStringAsync("/export"));
        }
    }

    [Fact]
    public async Task With_one_of_three_silos_stopped_writes_and_reads_go_on()
    {
        await using var sample = await SampleProcess.StartAsync(_data);
        for (var i = 0; i < 50; i++)
        {
            await PutAsync(sample, $"key{i}", $"before {i}");
        }

        using (await sample.Client.PostAsync("/raft/silos/n3/stop", null))
        {
            Assert.Contains("\"silo\":\"n3\",\"address\"", await sample.Client.GetStringAsync("/raft/silos"), StringComparison.Ordinal);
            Assert.Contains("stopped", await sample.Client.GetStringAsync("/raft/silos"), StringComparison.Ordinal);
        }

        for (var i = 0; i < 50; i++)
        {
            Assert.Equal($"before {i}", await sample.Client.GetStringAsync($"/kv/key{i}"));
            await PutAsync(sample, $"key{i}", $"while stopped {i}");
        }

        using (var started = await sample.Client.PostAsync("/raft/silos/n3/start", null))
        {
            Assert.Equal(HttpStatusCode.NoContent, started.StatusCode);
        }

        for (var i = 0; i < 50; i++)
        {
            Assert.Equal($"while stopped {i}", await sample.Client.GetStringAsync($"/kv/key{i}"));
            await PutAsync(sample, $"key{i}", $"after {i}");
        }

        foreach (var directory in Directories("n1"))
        {
            var report = EngineInspector.Inspect(directory);
            Assert.Equal(EngineCondition.Unreadable, report.Condition);
            Assert.Contains("in use", Assert.Single(report.Problems), StringComparison.Ordinal);
        }

        Assert.Equal(0, await sample.TerminateAsync());
        foreach (var directory in Directories("n1", "n2", "n3"))
        {
            var report = EngineInspector.Inspect(directory);
            Assert.True(report.Condition == EngineCondition.Clean && report.IsCleanlyClosed, string.Join('\n', report.Problems));
            Assert.True(!report.HasState || report.Generations.Sum(static generation => generation.Rows) > 0, $"{directory} holds no rows");
        }
    }

    [Fact]
    public async Task Of_two_writers_with_one_ETag_one_wins()
    {
        await using var sample = await SampleProcess.StartAsync(_data);
        for (var round = 0; round < 40; round++)
        {
            var etag = await PutAsync(sample, "contended", $"round {round}");
            var writers = await Task.WhenAll(Enumerable.Range(0, 2).Select(async writer =>
            {
                var request = new HttpRequestMessage(HttpMethod.Put, "/kv/contended") { Content = new StringContent($"{round} by {writer}") };
                request.Headers.IfMatch.Add(EntityTagHeaderValue.Parse(etag));
                using var response = await sample.Client.SendAsync(request);
                return response.StatusCode;
            }));
            Assert.Equal([HttpStatusCode.NoContent, HttpStatusCode.PreconditionFailed], writers.Order());
            var winner = Array.IndexOf(writers, HttpStatusCode.NoContent);
            Assert.Equal($"{round} by {winner}", await sample.Client.GetStringAsync("/kv/contended"));
        }
    }

    [Fact]
    public async Task The_HTTP_rules_hold()
    {
        await using var sample = await SampleProcess.StartAsync(_data);
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(sample, HttpMethod.Get, "/kv/nothing"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(sample, HttpMethod.Delete, "/kv/nothing"));
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(sample, HttpMethod.Put, "/kv/a%252Fb", "escaped twice"));
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(sample, HttpMethod.Put, "/kv/a%2Fb", "a slash"));
        Assert.Equal("a slash", await sample.Client.GetStringAsync("/kv/a%2Fb"));
        Assert.Equal("escaped twice", await sample.Client.GetStringAsync("/kv/a%252Fb"));
        Assert.Equal("a slash", await sample.Client.GetStringAsync("/kv/a%2Fb?consistency=local"));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(sample, HttpMethod.Put, "/kv/a/b", "x"));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(sample, HttpMethod.Put, "/kv/", "x"));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(sample, HttpMethod.Put, "/kv/" + new string('k', 513), "x"));
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(sample, HttpMethod.Put, "/kv/" + new string('k', 512), "x"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await StatusAsync(sample, HttpMethod.Put, "/kv/large", new string('v', (1 << 20) + 1)));
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(sample, HttpMethod.Put, "/kv/large", new string('v', 1 << 20)));
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(sample, HttpMethod.Delete, "/kv/large"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(sample, HttpMethod.Get, "/kv/large"));
        using (var patched = await sample.Client.PatchAsync("/kv/a", null))
        {
            Assert.Equal(HttpStatusCode.MethodNotAllowed, patched.StatusCode);
            Assert.Equal(["GET", "PUT", "DELETE"], patched.Content.Headers.Allow);
        }

        await AssertConditionsAsync(sample);
        await AssertRepeatedRequestsAsync(sample);
        await AssertImportSaysWhatIsWrongAsync(sample);

        // A body whose length is not told in advance is measured while it comes.
        using (var chunked = new HttpRequestMessage(HttpMethod.Put, "/kv/large") { Content = new StringContent(new string('v', (1 << 20) + 1)) })
        {
            chunked.Headers.TransferEncodingChunked = true;
            using var response = await sample.Client.SendAsync(chunked);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        }

        const string Odd = "tab\tline\nback\\slash";
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(sample, HttpMethod.Put, "/kv/" + Uri.EscapeDataString(Odd), Odd));
        Assert.Contains(
            "tab\\tline\\nback\\\\slash\ttab\\tline\\nback\\\\slash\n", await sample.Client.GetStringAsync("/export"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_byte_value_may_stand_in_a_key_and_keys_are_exported_in_the_order_of_their_bytes()
    {
        await using var sample = await SampleProcess.StartAsync(_data);
        for (var value = 255; value >= 0; value--)
        {
            // The body looks like a request with such a key, which must stay as it is.
            var body = $"GET /kv/%00 HTTP/1.1 {value}";
            Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(sample, HttpMethod.Put, $"/kv/k%{value:x2}%00", body));
        }

        for (var value = 0; value < 256; value++)
        {
            Assert.Equal($"GET /kv/%00 HTTP/1.1 {value}", await sample.Client.GetStringAsync(Exact(sample, $"/kv/k%{value:X2}%00")));
        }

        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync(sample, HttpMethod.Get, "/kv/%0."));
        var lines = Encoding.Latin1.GetString(await sample.Client.GetByteArrayAsync("/export")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Enumerable.Range(0, 256), lines.Select(line => int.Parse(line.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task What_cannot_be_meant_is_refused_with_one_line_and_exit_code_2()
    {
        var file = Path.Combine(_data, "file");
        await File.WriteAllTextAsync(file, "");
        (string Arguments, string Told)[] cases =
        [
            ("--nonsense 1", "Unknown option"), ("positional", "Unknown argument"), ("--urls", "needs a value"), ("--urls ftp://x", "no http address"),
            ("--import /no/such/file", "no such file"), ("--silo-port 0", "no port"), ($"--data \"{file}\"", "can't be used"),
            ("--silo-port 21111 --urls http://127.0.0.1:21211", "one of the three ports of n1"),
            ($"--node a --cluster a=127.0.0.1:21111,b=127.0.0.1:21112 --data \"{_data}\"", "two founders, a,b"),
            ("--node a --cluster a=127.0.0.1:21111,b=localhost:21211,c=127.0.0.1:21113", "'b=localhost:21211' has the name, or one of the three ports, of a="),
            ("--node a --cluster a=127.0.0.1:21111,A=127.0.0.2:21112", "has the name"), ("--node a --cluster a/b=127.0.0.1:21111", "'a/b=127.0.0.1:21111' is no NAME"),
            ("--node a --cluster a=[::1]:21111", "is no NAME"), ("--node a --cluster b=127.0.0.1:21111", "--node a is no name in"),
            ("--join --node d=127.0.0.1:21211 --cluster a=127.0.0.1:21111", "one of the three ports, of a="),
        ];
        var ends = await Task.WhenAll(cases.Select(each => SampleProcess.RunToEndAsync(each.Arguments)));
        Assert.All(cases.Zip(ends), each =>
        {
            Assert.Equal((each.First.Arguments, 2), (each.First.Arguments, each.Second.ExitCode));
            Assert.Contains(each.First.Told, Assert.Single(each.Second.Output.TrimEnd().Split('\n')), StringComparison.Ordinal);
        });

        await using var running = await SampleProcess.StartAsync(_data);
        var taken = running.Client.BaseAddress!;
        var (code, text) = await SampleProcess.RunToEndAsync($"--urls {taken.GetLeftPart(UriPartial.Authority)} --data \"{_data}-2\" --silo-port {taken.Port + 20_000}");
        Assert.Equal(2, code);
        Assert.Single(text.TrimEnd().Split('\n'));
    }

    private static async Task AssertImportSaysWhatIsWrongAsync(SampleProcess sample)
    {
        var endless = new string('v', 3 << 20);
        using var response = await sample.Client.PostAsync("/import", new StringContent($"endless\t{endless}\nin\\tside\tone\nno tab\n\tno key\nin\\tside\ttwo\n{new string('k', 513)}\tv\nlast\tthree"));
        var lines = (await response.Content.ReadAsStringAsync()).TrimEnd('\n').Split('\n');
        Assert.Equal(["in\\tside", "in\\tside", "last"], lines.Where(line => !line.StartsWith('\t')).Order());
        Assert.Equal(["\tline 1 a", "\tline 3 no", "\tline 4 a", "\tline 6 a"], lines[..^1].Where(line => line.StartsWith('\t')).Select(line => string.Join(' ', line.Split(' ')[..3])).Order());
        Assert.StartsWith("\timported 3, failed 4,", lines[^1], StringComparison.Ordinal);
        Assert.Equal("two", await sample.Client.GetStringAsync("/kv/in%09side"));
    }

    private static async Task AssertConditionsAsync(SampleProcess sample)
    {
        var etag = await PutAsync(sample, "conditions", "one");
        foreach (var (method, header, value, expected) in new[]
        {
            (HttpMethod.Get, "If-None-Match", etag, HttpStatusCode.NotModified), (HttpMethod.Get, "If-None-Match", $"\"x\", W/{etag}", HttpStatusCode.NotModified),
            (HttpMethod.Get, "If-Match", "\"x\"", HttpStatusCode.PreconditionFailed), (HttpMethod.Get, "If-Match", $"\"a,b\", {etag},", HttpStatusCode.OK),

            // A weak tag never makes a change safe, a quoted asterisk is a tag, and a header without any is no permission.
            (HttpMethod.Put, "If-Match", $"W/{etag}", HttpStatusCode.PreconditionFailed), (HttpMethod.Put, "If-Match", "\"*\"", HttpStatusCode.PreconditionFailed),
            (HttpMethod.Put, "If-Match", "", HttpStatusCode.BadRequest), (HttpMethod.Put, "If-Match", ",", HttpStatusCode.BadRequest),
            (HttpMethod.Put, "If-None-Match", "x", HttpStatusCode.BadRequest), (HttpMethod.Put, "If-Match", $"{etag} {etag}", HttpStatusCode.BadRequest),
            (HttpMethod.Delete, "If-None-Match", "*", HttpStatusCode.PreconditionFailed), (HttpMethod.Put, "If-Match", $"\"x\",{etag}", HttpStatusCode.NoContent),
        })
        {
            using var request = new HttpRequestMessage(method, "/kv/conditions") { Content = method == HttpMethod.Put ? new StringContent("two") : null };
            Assert.True(request.Headers.TryAddWithoutValidation(header, value));
            using var response = await sample.Client.SendAsync(request);
            Assert.Equal((method, header, value, expected), (method, header, value, response.StatusCode));
        }

        Assert.Equal(HttpStatusCode.NoContent, await DeleteAsync(sample, "conditions"));
    }

    private static async Task AssertRepeatedRequestsAsync(SampleProcess sample)
    {
        // Without a name nobody can tell a request that is sent again from another one.
        await PutAsync(sample, "named", "one");
        Assert.Equal(HttpStatusCode.NoContent, await DeleteAsync(sample, "named"));
        Assert.Equal(HttpStatusCode.NotFound, await DeleteAsync(sample, "named"));

        // With one it is done once, whatever its conditions say of the state that it has made itself.
        var etag = await PutAsync(sample, "named", "two");
        Assert.Equal(HttpStatusCode.PreconditionFailed, await DeleteAsync(sample, "named", "a", "\"other\""));
        Assert.Equal(HttpStatusCode.NoContent, await DeleteAsync(sample, "named", "a", etag));
        Assert.Equal(HttpStatusCode.NoContent, await DeleteAsync(sample, "named", "a", etag));
        Assert.Equal(HttpStatusCode.PreconditionFailed, await DeleteAsync(sample, "named", "b", etag));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(sample, HttpMethod.Get, "/kv/named"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(sample, HttpMethod.Get, "/kv/named?consistency=local"));
        Assert.DoesNotContain("named", await sample.Client.GetStringAsync("/export"), StringComparison.Ordinal);
        etag = await CreateAsync(sample, "named", "c");
        Assert.Equal(etag, await CreateAsync(sample, "named", "c"));
        await Assert.ThrowsAsync<HttpRequestException>(() => CreateAsync(sample, "named", "d"));
        Assert.Equal(HttpStatusCode.BadRequest, await DeleteAsync(sample, "named", new string('n', 129)));
        Assert.Equal(HttpStatusCode.NoContent, await DeleteAsync(sample, "named"));
    }

    private static async Task<string> CreateAsync(SampleProcess sample, string key, string name)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/kv/{key}") { Content = new StringContent("created") };
        request.Headers.Add("Idempotency-Key", name);
        request.Headers.IfNoneMatch.Add(EntityTagHeaderValue.Any);
        using var response = await sample.Client.SendAsync(request);
        return response.EnsureSuccessStatusCode().Headers.ETag!.ToString();
    }

    private static async Task<HttpStatusCode> DeleteAsync(SampleProcess sample, string key, string? name = null, string? etag = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"/kv/{key}");
        if (name is not null)
        {
            request.Headers.Add("Idempotency-Key", name);
        }

        if (etag is not null)
        {
            request.Headers.IfMatch.Add(EntityTagHeaderValue.Parse(etag));
        }

        using var response = await sample.Client.SendAsync(request);
        return response.StatusCode;
    }

    private static async Task<Dictionary<string, string>> ReadRecordsAsync() => (await File.ReadAllLinesAsync(SampleProcess.DataFile))
        .Select(line => line.Split('\t')).ToDictionary(parts => parts[0], parts => parts[1], StringComparer.Ordinal);

    /// <summary>Imports the data file; once enough keys are acknowledged, does something and goes on reading until the connection ends.</summary>
    private static async Task<HashSet<string>> ImportUntilAsync(SampleProcess sample, int count, Func<Task> then)
    {
        var acknowledged = new HashSet<string>(StringComparer.Ordinal);
        var request = new HttpRequestMessage(HttpMethod.Post, "/import") { Content = new StreamContent(File.OpenRead(SampleProcess.DataFile)) };
        using var response = await sample.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(), Encoding.UTF8);
        var action = Task.CompletedTask;
        try
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                if (!line.StartsWith('\t') && acknowledged.Add(line) && acknowledged.Count == count)
                {
                    action = Task.Run(then);
                }
            }
        }
        catch (IOException) when (count < int.MaxValue)
        {
            // The process was killed; a key whose line is cut was not acknowledged.
        }

        await action;
        return acknowledged;
    }

    private static async Task AssertStoredAsync(SampleProcess sample, HashSet<string> acknowledged, Dictionary<string, string> records)
    {
        var stored = (await sample.Client.GetStringAsync("/export")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('\t')).ToDictionary(parts => parts[0], parts => parts[1], StringComparer.Ordinal);
        Assert.Equal(stored.Keys.Order(StringComparer.Ordinal), stored.Keys);
        Assert.All(stored, record => Assert.Equal(records[record.Key], record.Value));
        Assert.Empty(acknowledged.Except(stored.Keys));
        foreach (var key in acknowledged.Where((_, i) => i % 25 == 0))
        {
            Assert.Equal(records[key].Replace("\\\\", "\\", StringComparison.Ordinal), await sample.Client.GetStringAsync("/kv/" + Uri.EscapeDataString(key)));
        }
    }

    private static async Task<string> PutAsync(SampleProcess sample, string key, string value)
    {
        using var response = await sample.Client.PutAsync($"/kv/{key}", new StringContent(value));
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        return response.Headers.ETag!.ToString();
    }

    private static async Task<HttpStatusCode> StatusAsync(SampleProcess sample, HttpMethod method, string target, string? value = null)
    {
        using var request = new HttpRequestMessage(method, Exact(sample, target)) { Content = value is null ? null : new StringContent(value) };
        using var response = await sample.Client.SendAsync(request);
        return response.StatusCode;
    }

    /// <summary>All data directories of these silos: groups' and the clustering voter's.</summary>
    private IEnumerable<string> Directories(params string[] silos) =>
        silos.SelectMany(silo => new[] { Path.Combine(_data, silo), Path.Combine(_data, silo, "clustering") });

    /// <summary>The target as it is written; Uri would unescape and simplify what this is about.</summary>
    private static Uri Exact(SampleProcess sample, string target) => new(
        sample.Client.BaseAddress!.GetLeftPart(UriPartial.Authority) + target,
        new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
}
