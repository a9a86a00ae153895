"""A file with the keys of Open-LLM-VTuber's default configuration; its values and comments are our own."""

UPSTREAM = """\
system_config:
  conf_version: 'v1.2.1'
  host: localhost
  port: 12393
  config_alts_dir: characters
  tool_prompts:
    live2d_expression_prompt: faces
    group_conversation_prompt: groups
    mcp_prompt: tools
    proactive_speak_prompt: proactive
character_config:
  conf_name: river
  conf_uid: river_001
  live2d_model_name: river_model
  character_name: River
  avatar: river.png
  human_name: Guest
  persona_prompt: |
    You are River.
    You answer briefly.
  agent_config:
    conversation_agent_choice: basic_memory_agent
    agent_settings:
      basic_memory_agent:
        llm_provider: deepseek_llm
        faster_first_response: True
        segment_method: pysbd
        use_mcpp: True
        mcp_enabled_servers: ["time", "search"]
      letta_agent:
        host: localhost
        port: 8283
        id: abc
        faster_first_response: True
        segment_method: pysbd
      hume_ai_agent:
        api_key: ''
        host: hume.example
        config_id: ''
        idle_timeout: 15
    llm_configs:
      stateless_llm_with_template:
        base_url: http://localhost:8080/v1
        llm_api_key: unused-1
        organization_id: null
        project_id: null
        model: qwen
        template: CHATML
        temperature: 1.0
        interrupt_method: user
      openai_compatible_llm:
        base_url: http://localhost:11434/v1
        llm_api_key: unused-2
        organization_id: null
        project_id: null
        model: qwen
        temperature: 1.0
        interrupt_method: user
      claude_llm:
        base_url: https://claude.example
        llm_api_key: unused-3
        model: haiku
      llama_cpp_llm:
        model_path: model.gguf
        verbose: False
      ollama_llm:
        base_url: http://localhost:11434/v1
        model: qwen
        temperature: 1.0
        keep_alive: -1
        unload_at_exit: True
      lmstudio_llm:
        base_url: http://localhost:1234/v1
        model: qwen
        temperature: 1.0
      openai_llm:
        llm_api_key: unused-4
        model: gpt
        temperature: 1.0
      deepseek_llm:
        llm_api_key: ${DEEPSEEK_KEY}
        model: deepseek-chat
        temperature: 0.7
        interrupt_method: user
  asr_config:
    asr_model: sherpa_onnx_asr
    faster_whisper:
      model_path: large
      language: en
  tts_config:
    tts_model: edge_tts
    edge_tts:
      voice: somebody
    fish_api_tts:
      api_key: unused-5
  vad_config:
    vad_model: null
    silero_vad:
      orig_sr: 16000
      prob_threshold: 0.4
  tts_preprocessor_config:
    remove_special_char: True
    translator_config:
      translate_audio: False
live_config:
  bilibili_live:
    room_ids: [1]
    sessdata: ''
"""
KEY = {"DEEPSEEK_KEY": "sk-hunter2"}
SERVERS = """{
\t"mcp_servers": {
\t\t"time": {"command": "uvx", "args": ["clock", "--zone", "Asia/Shanghai"]},
\t\t"search": {"command": "uvx", "args": ["look\\u0075p", "\\ud83d\\ude00"], "env": {"KEY": "${SEARCH_KEY}"}}
\t}
}
"""
