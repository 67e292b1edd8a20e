using Npgsql;
using Orleans.Hosting;
using StackExchange.Redis;

namespace Orleans.Raft.Benchmarks.Providers;

/// <summary>The databases behind Orleans' own providers: two Redis servers and a PostgreSQL, each alone, with the settings that their rows name.</summary>
internal sealed class Databases : IAsyncDisposable
{
    private readonly List<ServerProcess> _servers = [];
    private readonly List<Action<ISiloBuilder>> _storages = [];

    /// <summary>What could not be started, and why.</summary>
    public List<string> Missing { get; } = [];

    public static async Task<Databases> StartAsync(string data)
    {
        var databases = new Databases();
        await databases.StartRedisAsync("redis", Path.Combine(data, "redis"));
        await databases.StartRedisAsync("redis-synced", Path.Combine(data, "redis-synced"), "--appendonly", "yes", "--appendfsync", "always");
        await databases.StartPostgreSqlAsync(Path.Combine(data, "postgresql"));
        return databases;
    }

    /// <summary>Adds their storages to a silo.</summary>
    public void AddTo(ISiloBuilder silo) => _storages.ForEach(add => add(silo));

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    private async Task StartRedisAsync(string name, string data, params string[] settings)
    {
        if (ServerProcess.Find("redis-server") is not { } command)
        {
            Missing.Add($"{name} (apt-get install redis-server)");
            return;
        }

        Directory.CreateDirectory(data);
        var port = ServerProcess.FreePort();
        _servers.Add(await ServerProcess.StartAsync(port, command, ["--port", $"{port}", "--bind", "127.0.0.1", "--dir", data, .. settings]));
        _storages.Add(silo => silo.AddRedisGrainStorage(name, options => options.ConfigurationOptions = ConfigurationOptions.Parse($"127.0.0.1:{port}")));
    }

    private async Task StartPostgreSqlAsync(string data)
    {
        var version = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").Order(StringComparer.Ordinal).LastOrDefault() : null;
        if (version is null || Environment.UserName != "root")
        {
            Missing.Add("postgresql (apt-get install postgresql; root, who becomes the user postgres)");
            return;
        }

        Directory.CreateDirectory(data);
        await ServerProcess.RunAsync("chown", "postgres", data);
        await ServerProcess.RunAsync("runuser", "-u", "postgres", "--", $"{version}/bin/initdb", "-D", $"{data}/db", "-A", "trust");
        var port = ServerProcess.FreePort();
        _servers.Add(await ServerProcess.StartAsync(
            port, "runuser", "-u", "postgres", "--", $"{version}/bin/postgres", "-D", $"{data}/db", "-p", $"{port}", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="));
        var connection = $"Host=127.0.0.1;Port={port};Username=postgres;Database=postgres;Maximum Pool Size=30";
        await CreateTablesAsync(connection);
        _storages.Add(silo => silo.AddAdoNetGrainStorage("postgresql", options => (options.Invariant, options.ConnectionString) = ("Npgsql", connection)));
    }

    private static async Task CreateTablesAsync(string connection)
    {
        using var pace = new PeriodicTimer(ServerProcess.Pace);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var database = new NpgsqlConnection(connection);
                await database.OpenAsync();
                await using var script = new NpgsqlCommand(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "postgresql.sql")), database);
                await script.ExecuteNonQueryAsync();
                return;
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.CannotConnectNow && attempt < 100)
            {
                await pace.WaitForNextTickAsync();
            }
        }
    }
}
